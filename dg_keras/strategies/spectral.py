"""Functions of a symmetric matrix by its eigenvalues."""

import numpy as np
import tensorflow as tf

_RANK = float(np.finfo("float32").eps)
"""An eigenvalue below this part of the largest, times N, is what rounding left of 0."""


def decomposed(matrix: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """The eigenvalues, float64 `[N]`, which of them are above 0, and the eigenvectors `[N, N]`.

    Args:
        matrix: Symmetric, without negative eigenvalues; of what is not finite, the identity's are
            returned, where TensorFlow would raise.
    """
    matrix = tf.cast(matrix, tf.float64)
    size = matrix.shape[0]
    is_finite = tf.reduce_all(tf.math.is_finite(matrix))
    values, vectors = tf.linalg.eigh(tf.where(is_finite, matrix, tf.eye(size, dtype=tf.float64)))
    return values, values > _RANK * size * tf.reduce_max(values), vectors
