"""The regularizers of the weights, which belong to no domain."""

import contextlib
from collections.abc import Callable, Iterator, Sequence

import keras
import tensorflow as tf


@contextlib.contextmanager
def without_penalties(variables: Sequence[keras.Variable]) -> Iterator[None]:
    """Takes the regularizers off the variables for a while.

    In every domain's gradient, a penalty would bias the agreement and count N times.
    """
    regularizers = [variable.regularizer for variable in variables]
    for variable in variables:
        variable.regularizer = None
    try:
        yield
    finally:
        for variable, regularizer in zip(variables, regularizers, strict=True):
            variable.regularizer = regularizer


def weight_penalty(
    variables: Sequence[keras.Variable], scale: Callable[[tf.Tensor], tf.Tensor]
) -> tuple[tf.Tensor | None, list[tf.Tensor | None]]:
    """The regularizers' penalty on the weights, and its gradient.

    Args:
        variables: The trainable weights.
        scale: What the loss is multiplied with before its gradient is taken.

    Returns:
        The penalty, unscaled, or None where there is no regularizer; and its scaled gradient, None
        for variables that have none.
    """
    penalized = [v for v in variables if v.regularizer is not None]
    if not penalized:
        return None, [None] * len(variables)
    with tf.GradientTape() as tape:
        penalty = tf.add_n([tf.cast(v.regularizer(v), tf.float32) for v in penalized])
        scaled = scale(penalty)
    return penalty, tape.gradient(scaled, variables)
