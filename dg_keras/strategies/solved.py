"""Small systems of equations, many at once."""

import tensorflow as tf

_DEPENDENT = 1e-6
"""A pivot below this part of what stood there first is what float32's rounding left of 0."""


def solved(matrices: tf.Tensor, right: tf.Tensor) -> tf.Tensor:
    """The x of A x = b, for symmetric A without negative eigenvalues; nothing is ever raised.

    Rows that depend on those before them get 0.

    Args:
        matrices: A, float64 `[..., N, N]`; N is known.
        right: b, float64 `[..., N, R]`.

    Returns:
        float64 `[..., N, R]`.
    """
    size = matrices.shape[-1]
    smallest = _DEPENDENT * tf.abs(tf.linalg.diag_part(matrices))
    rows = tf.concat([matrices, right], axis=-1)
    for k in range(size):  # Gauss and Jordan's elimination, which needs no other order here
        pivot = rows[..., k, k, None]
        row = tf.where(
            pivot > smallest[..., k, None], tf.math.divide_no_nan(rows[..., k, :], pivot), 0
        )
        others = rows - rows[..., :, k, None] * row[..., None, :]
        is_k = tf.one_hot(k, size, on_value=True, off_value=False)[:, None]
        rows = tf.where(is_k, row[..., None, :], others)
    return rows[..., size:]
