"""The Gram matrix of gradients of length 1."""

import tensorflow as tf


def unit_gram(gram: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The cosines between the domains' gradients, and the gradients' lengths.

    Args:
        gram: Inner products, `[N, N]`.

    Returns:
        The cosines, float64 `[N, N]`, 0 where a gradient is, and the lengths as parts of the
        largest, float64 `[N]`.
    """
    gram = tf.cast(gram, tf.float64)
    lengths = tf.sqrt(tf.linalg.diag_part(gram))
    inverse = tf.math.reciprocal_no_nan(lengths)
    cosines = tf.clip_by_value(inverse[:, None] * gram * inverse, -1.0, 1.0)
    return cosines, tf.math.divide_no_nan(lengths, tf.reduce_max(lengths))
