"""All domains forward, a look at their features together, and each domain back."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import keras
import tensorflow as tf

from dg_keras.common.cut import front_of
from dg_keras.common.samples import mask, masked
from dg_keras.objectives import Batch, FeatureObjective, Head, Risk, View
from dg_keras.step.bound import bound
from dg_keras.step.data_loss import compiled_risk, data_loss, scale
from dg_keras.step.parts import Parts
from dg_keras.step.passed import Passed
from dg_keras.step.replicas import gathered, number_of_replicas, replica_number
from dg_keras.step.sums import dense


class FeaturePasses:
    """Takes a gradient per domain of a loss that depends on all domains' features.

    Each domain is passed through the network once, and back once: the penalty's derivatives by the
    features, and by the predictions, join those of the domain's own loss where they are.

    Args:
        model: The model that is trained.
        net: Its network.
        objective: What makes the losses and the penalty.
        parts: How the parts of the step are traced.
        watched: Whether to tell bounds of the gradients.
    """

    def __init__(
        self,
        model: keras.Model,
        net: keras.Model,
        objective: FeatureObjective,
        parts: Parts,
        watched: bool,
    ) -> None:
        self._model = model
        self._objective = objective
        self._compiled = parts.compiles_whole
        self._watched = watched
        cut = objective.cut(net)
        self._front = front_of(net, cut)
        self._tail: Any = _Tail(cut, net.outputs[0], name=f"{net.name}_tail")
        for half in (self._front, self._tail):
            half.autocast = False  # the layers cast; the global policy need not be the network's

    def __call__(self, batches: Sequence[Batch], step: tf.Tensor) -> Passed:
        """What the domains' passes come to; the gradients are scaled, as `DomainPass` has them."""
        ahead = [self._forward(batch, step) for batch in batches]
        tapes, losses, scaled, seen = zip(*ahead, strict=True)
        views = [
            _view(features, y_pred, batch)
            for (features, y_pred), batch in zip(seen, batches, strict=True)
        ]
        penalty, slopes = self._penalty(views, step)
        gradients = [
            self._backward(*of_domain)
            for of_domain in zip(tapes, scaled, seen, slopes, strict=True)
        ]
        limits = [bound(g, self._compiled) if self._watched else None for g in gradients]
        return Passed(losses, gradients, [y_pred for _, y_pred in seen], limits, penalty)

    def _forward(self, batch: Batch, step: tf.Tensor) -> tuple[tf.GradientTape, Any, Any, Any]:
        """The tape of a domain's pass, its loss, and what was seen on the way."""
        rest = partial(self._tail, training=True)
        with tf.GradientTape() as tape:
            features = self._front(batch.x, training=True)
            head = Head(rest, features, _of_all_replicas)
            changed = self._objective.changed(features, batch, head, step)
            y_pred = rest(masked(changed, by=mask(features)))
            loss = data_loss(self._model, self._objective, batch, y_pred, step)
            scaled = scale(self._model, loss)
        return tape, loss, scaled, (features, y_pred)

    def _penalty(
        self, views: list[View], step: tf.Tensor
    ) -> tuple[tf.Tensor | None, list[tuple[tf.Tensor, tf.Tensor] | None]]:
        """The penalty, and its scaled derivatives by what was seen of a domain on this replica."""
        watched = [(view.features, view.y_pred) for view in views]
        risk = Risk(self._risk_of_data)
        with tf.GradientTape() as tape:
            tape.watch(watched)
            penalty = self._objective.penalty(views, risk, step)
        if penalty is None:
            return None, [None] * len(views)
        penalty = tf.convert_to_tensor(penalty)
        if penalty.shape.rank != 0:
            raise ValueError(
                f"`penalty` of {type(self._objective).__name__} must return a scalar. Received: a "
                f"tensor of shape {tuple(penalty.shape)}"
            )
        slopes = tape.gradient(penalty, watched, unconnected_gradients="zero")
        # The mean of the domains' gradients has the penalty's once: each has N times its part.
        factor = scale(self._model, tf.cast(len(views), tf.float32), is_shared=False)
        return penalty, [tuple(factor * _own(slope) for slope in of_view) for of_view in slopes]

    def _risk_of_data(self, batch: Batch, y_pred: Any, share: tf.Tensor | None = None) -> tf.Tensor:
        """The compiled loss of all replicas' samples, without what the layers added in passing."""
        with keras.StatelessScope(collect_losses=True):
            return compiled_risk(self._model, lambda value: value)(batch, y_pred, share)

    def _backward(
        self,
        tape: tf.GradientTape,
        scaled: tf.Tensor,
        seen: tuple[tf.Tensor, tf.Tensor],
        slopes: tuple[tf.Tensor, tf.Tensor] | None,
    ) -> list[tf.Tensor | None]:
        """A domain's gradient."""
        variables = self._model.trainable_variables
        targets, starts = [scaled], [tf.ones_like(scaled)]
        if slopes is not None:
            targets += seen
            starts += [tf.cast(slope, t.dtype) for slope, t in zip(slopes, seen, strict=True)]
        return dense(tape.gradient(targets, variables, output_gradients=starts), variables)


class _Tail(keras.Model):
    """The layers behind the features: what is padding they tell each other, and their outputs."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.supports_masking = True

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> None:
        """Nothing, where the last layer told nothing: Keras would take that of the features."""


def _view(features: tf.Tensor, y_pred: tf.Tensor, batch: Batch) -> View:
    """A domain's samples on all replicas."""
    y, sample_weight = keras.tree.map_structure(
        _of_all_replicas, (batch.y, batch.sample_weight), none_is_leaf=False
    )
    wide = (tf.stop_gradient(tf.cast(part, tf.float32)) for part in (features, y_pred))
    seen, predicted = map(_of_all_replicas, wide)
    padding = mask(y_pred)
    if padding is not None:
        padding = _of_all_replicas(padding)
    return View(seen, masked(predicted, by=padding), Batch(None, y, sample_weight))


def _of_all_replicas(values: tf.Tensor) -> tf.Tensor:
    return gathered(values) if number_of_replicas() > 1 else values


def _own(values: tf.Tensor) -> tf.Tensor:
    """This replica's of what all replicas' samples have."""
    return tf.split(values, number_of_replicas())[replica_number()]
