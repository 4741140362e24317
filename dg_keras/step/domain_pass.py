"""One domain's batch -> its loss, gradient and predictions."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from dg_keras.common.samples import mask, masked
from dg_keras.objectives import Batch, Objective
from dg_keras.step.bound import bound
from dg_keras.step.data_loss import data_loss, scale
from dg_keras.step.generators import generators
from dg_keras.step.parts import Parts
from dg_keras.step.passed import Passed
from dg_keras.step.sums import dense


class DomainPass:
    """Passes one domain's batch through the network and back; traced once for all domains.

    Args:
        model: The model that is trained.
        objective: What makes a loss of the batch.
        parts: How the parts of the step are traced.
        watched: Whether to tell bounds of the gradients.
        is_shared: Whether the domain's batch, and so the gradient, is spread over the replicas.
    """

    def __init__(
        self,
        model: keras.Model,
        objective: Objective,
        parts: Parts,
        watched: bool,
        is_shared: bool = True,
    ) -> None:
        self._model = model
        self._objective = objective
        self._is_shared = is_shared
        self._compiled = parts.compiles_whole or parts.compiles_passes
        self.watched = watched
        self._traced = parts.part(self._pass, compiled=parts.compiles_passes)

    def __call__(self, batch: Batch, step: tf.Tensor) -> tuple[tf.Tensor, list, Any, Any]:
        """The domain's loss, its dense and scaled gradient, None where there is none, `y_pred`.

        And the gradient's `bound`, or None if it is not watched.
        """
        loss, gradient, y_pred, masks, limit = self._traced(batch, step)
        return loss, gradient, keras.tree.map_structure(masked, y_pred, masks), limit

    def of_each(self, batches: Sequence[Batch], step: tf.Tensor) -> Passed:
        """One domain after the other."""
        losses, gradients, y_pred, bounds = zip(*(self(b, step) for b in batches), strict=True)
        return Passed(losses, gradients, y_pred, bounds)

    def at(
        self, weights: Sequence[tf.Tensor], batch: Batch, step: tf.Tensor
    ) -> tuple[list, tf.Tensor | None]:
        """The scaled gradient of the domain's loss at other weights than the network's; its bound.

        It leaves no trace in the network, but for the draws of its random number generators:
        BatchNorm's statistics are of the network's own weights.
        """
        model = self._model
        mapping = list(zip(model.trainable_variables, weights, strict=True))
        with tf.GradientTape() as tape:
            tape.watch(weights)
            with keras.StatelessScope(mapping, collect_losses=True) as scope:
                y_pred = model(batch.x, training=True)
                scaled = scale(model, data_loss(model, self._objective, batch, y_pred, step))
        for state in generators(model):
            drawn = scope.get_current_value(state)
            if drawn is not None:  # of a generator that is not used
                state.assign(drawn)
        gradient = dense(tape.gradient(scaled, weights), model.trainable_variables)
        return gradient, self._bound(gradient)

    def _pass(self, batch: Batch, step: tf.Tensor) -> tuple[tf.Tensor, list, Any, Any, Any]:
        model = self._model
        with tf.GradientTape() as tape:
            y_pred = model(batch.x, training=True)
            loss = data_loss(model, self._objective, batch, y_pred, step, self._is_shared)
            scaled = scale(model, loss, self._is_shared)
        # Read after the forward pass: a net may build its variables in its first call.
        variables = model.trainable_variables
        gradient = dense(tape.gradient(scaled, variables), variables)
        # What is noted on a tensor does not leave a function that is traced apart.
        masks = keras.tree.map_structure(mask, y_pred)
        return loss, gradient, y_pred, masks, self._bound(gradient)

    def _bound(self, gradient: list) -> tf.Tensor | None:
        # Here, where it is known what the gradient is the product of.
        return bound(gradient, self._compiled) if self.watched else None
