"""The loss of some samples, as it is differentiated."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from dg_keras.objectives import Batch, Objective, Risk
from dg_keras.step.is_known import is_known
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
            loss = model.compute_loss(x, y, y_pred, sample_weight, training=True)
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


def check_tells_each_sample(model: keras.Model, y: Any, y_pred: Any) -> None:
    """Raises ValueError if a loss of the user's own is a scalar, which Keras shares out to no one.

    Args:
        model: The compiled model.
        y: The targets.
        y_pred: The predictions; those that are nested are not looked at.
    """
    if all(map(is_known, keras.tree.flatten(model.loss))):
        return
    names = sorted(y_pred) if isinstance(y_pred, dict) else getattr(model.net, "output_names", [])
    losses, targets, predictions = (_of(names, each) for each in (model.loss, y, y_pred))
    if not keras.tree.is_nested(model.loss):  # which is then that of all
        losses *= len(predictions)
    outputs = [pair for pair in zip(losses, predictions, strict=False) if pair[0] is not None]
    if len(targets) == len(losses):
        targets = [t for t, loss in zip(targets, losses, strict=True) if loss is not None]
    if len(losses) != len(predictions) or len(targets) != len(outputs):
        return  # which Keras tells, if it does not match them in some other way
    for target, (loss, prediction) in zip(targets, outputs, strict=True):
        if any(map(keras.tree.is_nested, (target, prediction, loss))) or is_known(loss):
            continue
        loss = keras.losses.get(loss)
        dtype = getattr(loss, "dtype", None) or keras.config.floatx()
        pair = [keras.ops.convert_to_tensor(of, dtype) for of in (target, prediction)]
        value = (loss.call if isinstance(loss, keras.losses.Loss) else loss)(*pair)
        if tf.convert_to_tensor(value).shape.rank == 0:
            name = getattr(loss, "__name__", type(loss).__name__)
            raise ValueError(
                "`loss` must return a value for each sample on several replicas, of which Keras "
                f"takes the mean over all. Received: {name}, which returned a scalar"
            )


def _of(outputs: Sequence[str], structure: Any) -> list[Any]:
    """What there is for each output, by its name or in their order."""
    if isinstance(structure, dict):
        return [structure.get(name) for name in outputs]
    return keras.tree.flatten(structure)
