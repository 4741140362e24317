"""Whether the domains' gradients are finite."""

from collections.abc import Sequence

import tensorflow as tf

ROOM = 2.0**-40
"""The part of a dtype's range that a component may use, so that no sum of them leaves it."""


def are_finite(
    gradients: Sequence[Sequence[tf.Tensor | None]], bounds: Sequence[tf.Tensor]
) -> tf.Tensor:
    """Tells of each gradient whether its components are finite, and have a finite sum.

    Args:
        gradients: Some gradients, None for variables that have none.
        bounds: What `bound` says of each. Gradients are only looked at if one is not finite.

    Returns:
        A bool for each gradient, `[N]`.
    """
    return tf.cond(
        tf.reduce_all(tf.math.is_finite(tf.stack(bounds))),
        lambda: tf.ones([len(gradients)], tf.bool),
        lambda: tf.stack([_is_finite(gradient) for gradient in gradients]),
    )


def _is_finite(gradient: Sequence[tf.Tensor | None]) -> tf.Tensor:
    return tf.reduce_all([tf.reduce_all(_in_range(g)) for g in gradient if g is not None])


def _in_range(gradient: tf.Tensor) -> tf.Tensor:
    if gradient.dtype == tf.float16:  # whose range is too small to leave a part of it
        return tf.math.is_finite(gradient)
    return tf.abs(gradient) < tf.constant(ROOM * gradient.dtype.max, gradient.dtype)
