"""One domain's batch -> its loss, gradient and predictions."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from dg_keras.common.samples import mask, masked
from dg_keras.objectives import Batch, Objective
from dg_keras.step.parts import Parts
from dg_keras.step.replicas import number_of_replicas, share
from dg_keras.step.sums import dense
from dg_keras.step.weight_penalty import without_penalties


class DomainPass:
    """Passes one domain's batch through the network and back; traced once for all domains.

    Args:
        model: The model that is trained.
        objective: What makes a loss of the batch.
        parts: How the parts of the step are traced.
    """

    def __init__(self, model: keras.Model, objective: Objective, parts: Parts) -> None:
        self._model = model
        self._objective = objective
        self._traced = parts.part(self._pass, compiled=parts.compiles_passes)

    def __call__(self, batch: Batch, step: tf.Tensor) -> tuple[tf.Tensor, list, Any]:
        """The domain's loss, its dense and scaled gradient, None where there is none, `y_pred`."""
        loss, gradient, y_pred, masks = self._traced(batch, step)
        return loss, gradient, keras.tree.map_structure(masked, y_pred, masks)

    def at(self, weights: Sequence[tf.Tensor], batch: Batch, step: tf.Tensor) -> list:
        """The scaled gradient of the domain's loss at other weights than the network's.

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
        return dense(tape.gradient(scaled, weights), model.trainable_variables)

    def _pass(self, batch: Batch, step: tf.Tensor) -> tuple[tf.Tensor, list, Any, Any]:
        model = self._model
        with tf.GradientTape() as tape:
            y_pred = model(batch.x, training=True)
            loss = data_loss(model, self._objective, batch, y_pred, step)
            scaled = scale(model, loss)
        # Read after the forward pass: a net may build its variables in its first call.
        variables = model.trainable_variables
        gradient = dense(tape.gradient(scaled, variables), variables)
        # What is noted on a tensor does not leave a function that is traced apart.
        return loss, gradient, y_pred, keras.tree.map_structure(mask, y_pred)


def data_loss(
    model: keras.Model, objective: Objective, batch: Batch, y_pred: Any, step: tf.Tensor
) -> tf.Tensor:
    """The objective's loss, with what the layers add for the data, without weight penalties."""
    replicas = number_of_replicas()

    def risk(batch: Batch, y_pred: Any) -> tf.Tensor:
        x, y, sample_weight = batch
        loss = model.compute_loss(x, y, y_pred, sample_weight, training=True)
        # Keras makes it this replica's share; objectives see the mean over their samples.
        return loss if replicas == 1 else loss * replicas

    with without_penalties(model.trainable_variables):
        loss = objective.loss(batch, y_pred, risk, step)
    if loss.shape.rank != 0:
        # Its gradient would be that of a sum, where the mean is logged.
        raise ValueError(
            f"`loss` of {type(objective).__name__} must return a scalar, the mean over the "
            f"domain's samples. Received: a tensor of shape {tuple(loss.shape)}"
        )
    return loss


def scale(model: keras.Model, loss: tf.Tensor) -> tf.Tensor:
    """The loss as this replica's share, times the loss scale."""
    return model.optimizer.scale_loss(share(loss))


def generators(model: keras.Model) -> list[keras.Variable]:
    """The states of the network's random number generators."""
    weights = {id(v) for v in model.weights}
    return [v for v in model.variables if id(v) not in weights]
