"""The loss of some samples, as it is differentiated."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from dg_keras.objectives import Batch, Objective, Risk
from dg_keras.step.check_tells_each_sample import check_tells_each_sample
from dg_keras.step.computed_loss import computed_loss
from dg_keras.step.metrics_weighed import metrics_weighed
from dg_keras.step.replicas import mean_over_replicas, number_of_replicas, share
from dg_keras.step.weight_penalty import without_penalties


def data_loss(
    model: keras.Model,
    objective: Objective,
    batch: Batch,
    y_pred: Any,
    step: tf.Tensor,
    is_shared: bool = True,
) -> tf.Tensor:
    """The objective's loss, with what the layers add for the data, without weight penalties.

    Args:
        model: The model that is trained.
        objective: What makes the loss.
        batch: A domain's samples on this replica.
        y_pred: The predictions for them.
        step: The number of training steps taken before.
        is_shared: Whether other replicas have more samples of the domain.
    """
    risk = compiled_risk(model, mean_over_replicas if is_shared else lambda value: value)
    loss = objective.loss(batch, y_pred, risk, step)
    if loss.shape.rank != 0:
        # Its gradient would be that of a sum, where the mean is logged.
        raise ValueError(
            f"`loss` of {type(objective).__name__} must return a scalar, the mean over the "
            f"domain's samples. Received: a tensor of shape {tuple(loss.shape)}"
        )
    return loss


def compiled_risk(model: keras.Model, of_all_replicas: Callable[[tf.Tensor], tf.Tensor]) -> Risk:
    """The compiled loss, as objectives call it; see `Risk`."""
    replicas = number_of_replicas()

    def compiled_loss(batch: Batch, y_pred: Any, share: tf.Tensor | None = None) -> tf.Tensor:
        x, y, sample_weight = batch
        if replicas > 1:
            check_tells_each_sample(model, y, y_pred)
        # Not around the objective's loss, in which replicas may take turns.
        with without_penalties(model.trainable_variables), metrics_weighed(model, share):
            loss = computed_loss(model, x, y, y_pred, sample_weight, training=True)
        # Keras makes it this replica's share; objectives see the mean over their samples.
        return loss if replicas == 1 else loss * replicas

    return Risk(compiled_loss, of_all_replicas)


def scale(model: keras.Model, loss: tf.Tensor, is_shared: bool = True) -> tf.Tensor:
    """The loss as this replica's share, or all of it, times the loss scale."""
    if not model.optimizer.built and not tf.distribute.has_strategy():
        # It would scale by a constant, which would stay in what is traced now.
        with tf.init_scope():
            model.optimizer.build(model.trainable_variables)
    return model.optimizer.scale_loss(share(loss) if is_shared else loss)
