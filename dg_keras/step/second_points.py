"""Gradients at other weights, for objectives that look ahead."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from dg_keras.objectives import Batch, Objective
from dg_keras.step.are_finite import are_finite
from dg_keras.step.domain_pass import DomainPass
from dg_keras.step.inner_optimizers import inner_optimizers
from dg_keras.step.moment import Moment
from dg_keras.step.replicas import sum_over_replicas
from dg_keras.step.sums import add, times


class SecondPoints:
    """Adds to each domain's gradient that of its partner at another point, as MLDG does."""

    def __init__(self, model: keras.Model, objective: Objective, domain_pass: DomainPass) -> None:
        self._model = model
        self._objective = objective
        self._pass = domain_pass

    def add(
        self, gradients: Sequence[list], batches: Sequence[Batch], moment: Moment
    ) -> tuple[list[list], tf.Tensor | None]:
        """The domains' gradients, with what the objective wants of their partners'.

        And whether each domain's gradient at the other points is finite, a bool `[N]`; None if it
        is not watched.
        """
        weights = [tf.convert_to_tensor(v) for v in self._model.trainable_variables]
        partners = self._objective.partners(len(batches), moment.key)
        rate, *_ = (of.learning_rate for of in inner_optimizers(self._model.optimizer))
        sums, finite = [], []
        for gradient, partner in zip(gradients, tf.unstack(partners), strict=True):
            point, factor = self._objective.second_point(
                weights, self._unscaled(gradient, weights), rate
            )
            there, limit = self._pass.at(point, _of_domain(batches, partner), moment.step)
            sums.append(add(gradient, times(there, factor)))
            if self._pass.watched:
                # Looked at one by one, none is held until the last is there.
                finite.append(are_finite([there], [limit])[0])
        if not self._pass.watched:
            return sums, None
        # Row i: what domain i's point says of its partner.
        is_of = tf.range(len(batches)) == tf.cast(partners, tf.int32)[:, None]
        return sums, tf.reduce_all(tf.stack(finite)[:, None] | ~is_of, axis=0)

    def _unscaled(self, gradient: list, weights: list[tf.Tensor]) -> list[tf.Tensor]:
        """The gradient of the whole domain, without a loss scale."""
        loss_scale = self._model.optimizer.scale_loss(tf.ones(()))
        return [
            tf.zeros_like(w) if g is None else g / tf.cast(loss_scale, g.dtype)
            for g, w in zip(sum_over_replicas(gradient), weights, strict=True)
        ]


def _of_domain(batches: Sequence[Batch], number: tf.Tensor) -> Batch:
    """The batch of a domain whose number is known when the step is taken."""

    def of(*parts: Any) -> Any:
        if isinstance(parts[0], tf.Tensor):
            return tf.gather(tf.stack(parts), number)  # `[number]` is a constant to XLA
        return tf.switch_case(number, [lambda part=part: part for part in parts])

    return keras.tree.map_structure(of, *batches, none_is_leaf=False)
