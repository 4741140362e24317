"""An optimizer as it was before its first step."""

from typing import Any

import keras
import tensorflow as tf

from dg_keras.step.inner_optimizers import inner_optimizers


def start_anew(optimizer: keras.optimizers.Optimizer) -> None:
    """Puts the optimizer's moments and its count of steps back to the start.

    Args:
        optimizer: The optimizer, or the one around it that scales the loss: the scale is no
            moment, and stays.
    """
    for inner in inner_optimizers(optimizer):
        if inner.built:  # else it has taken no step
            fresh = _fresh(inner)
            # What it was built for, though some of it may be frozen by now.
            fresh.build(inner._trainable_variables)
            for variable, value in zip(_moments(inner), _moments(fresh), strict=True):
                variable.assign(value)


def check_can_start_anew(optimizer: keras.optimizers.Optimizer, why: str) -> None:
    """Raises ValueError if an optimizer can't be made once more.

    Args:
        optimizer: The optimizer.
        why: What wants it to.
    """
    for inner in inner_optimizers(optimizer):
        try:
            _fresh(inner)
        except Exception as error:
            raise ValueError(
                f"The optimizer must be one that its `get_config` can make anew, as {why} wants. "
                f"Received: {type(inner).__name__}, with {type(error).__name__}: {error}"
            ) from error


def _fresh(inner: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """One of the same settings, but for the learning rate, which may be any function."""
    rate = inner._learning_rate
    with tf.init_scope():
        other = keras.Variable(1.0, trainable=False)  # which every `get_config` can tell
    vars(inner)["_learning_rate"] = other  # past Keras, which would track it
    try:
        config = inner.get_config()
    finally:
        vars(inner)["_learning_rate"] = rate
    return type(inner).from_config(config)


def _moments(inner: keras.optimizers.Optimizer) -> list[Any]:
    return [variable for variable in inner.variables if variable is not inner._learning_rate]
