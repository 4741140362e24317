"""Sums of half-precision numbers."""

import tensorflow as tf


def wide(gradient: tf.Tensor) -> tf.Tensor:
    """The gradient in a dtype to sum in: float32 for half precision, else its own.

    Two float16 components of 4e4 have a mean, but no sum.
    """
    return tf.cast(gradient, tf.float32) if gradient.dtype.size < 4 else gradient
