"""The loss as a model computes it."""

import inspect
from typing import Any

import keras
import tensorflow as tf


def computed_loss(
    model: keras.Model, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool
) -> tf.Tensor:
    """What `compute_loss` says, of a subclass of before Keras 3 too, which has no `training`."""
    told = {"training": training}
    if "training" not in (parameters := inspect.signature(model.compute_loss).parameters):
        takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
        told = told if takes_any else {}
    return model.compute_loss(x, y, y_pred, sample_weight, **told)
