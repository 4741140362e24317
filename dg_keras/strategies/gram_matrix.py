"""The inner products of the domains' gradients, of whatever magnitude these are."""

import numpy as np
import tensorflow as tf

from dg_keras.strategies.totals import FEW, totals

_SMALLEST = 2.0**-70
"""The squared norm from which on the squares of 2^30 components that float32 takes for 0 are less
than its rounding."""

_LARGEST = 2.0**100
"""What the largest squared norm is scaled to where float32 does not hold the inner products."""


def gram_matrix(gradients: list[list[tf.Tensor]]) -> tf.Tensor:
    """Inner products over all variables, or a multiple of them.

    Args:
        gradients: A list over the N domains of lists over the variables.

    Returns:
        Float32 `[N, N]`: the inner products themselves where the gradients' norms are between
        3e-11 and 1.8e19. Otherwise they are multiplied by one positive number, with which they are
        in the range of float32, and are 0 where they are below it.
    """
    gram = _inner_products(gradients, tf.float32)
    squared_norms = tf.linalg.diag_part(gram)
    ordinary = (squared_norms >= _SMALLEST) & (squared_norms < float("inf"))
    # Behind the condition is a second pass, slow, that hardly any step takes.
    return tf.cond(
        tf.reduce_all(ordinary),
        lambda: gram,
        lambda: _in_range(_inner_products(_joined(gradients), tf.float64)),
    )


def _joined(gradients: list[list[tf.Tensor]]) -> list[list[tf.Tensor]]:
    """The same components in fewer variables, for which XLA has less to compile."""
    sizes = [variable.shape.num_elements() for variable in gradients[0]]
    is_large = [size is not None and size >= FEW for size in sizes]

    is_double = any(variable.dtype == tf.float64 for variable in gradients[0])
    dtype = tf.float64 if is_double else tf.float32

    def joined(gradient: list[tf.Tensor]) -> list[tf.Tensor]:
        flat = [tf.reshape(tf.cast(variable, dtype), [-1]) for variable in gradient]
        small = [g for g, large in zip(flat, is_large, strict=True) if not large]
        large = [g for g, large in zip(flat, is_large, strict=True) if large]
        return [tf.concat(small, axis=0), *large] if small else large

    return [joined(gradient) for gradient in gradients]


def _in_range(gram: tf.Tensor) -> tf.Tensor:
    """A multiple of a float64 matrix in float32."""
    largest = tf.reduce_max(tf.linalg.diag_part(gram))
    scaled = tf.math.divide_no_nan(gram, largest) * _LARGEST
    # Denormals are kept or taken for 0 as the machine likes, and have few digits.
    normal = ~(tf.abs(scaled) < np.finfo(np.float32).tiny)
    return tf.cast(tf.where(normal, scaled, tf.zeros_like(scaled)), tf.float32)


def _inner_products(gradients: list[list[tf.Tensor]], dtype: tf.DType) -> tf.Tensor:
    """Inner products over all variables, `[N, N]`."""
    domains = range(len(gradients))
    pairs = [(i, j) for i in domains for j in range(i + 1)]

    def products(*gradient: tf.Tensor) -> list[tf.Tensor]:
        g = [tf.cast(t, dtype) for t in gradient]
        return [g[i] * g[j] for i, j in pairs]

    # Not as a matrix product, for which the gradients would be stacked, and so copied.
    by_variable = [totals(products, *of_domains) for of_domains in zip(*gradients, strict=True)]
    sums = [tf.add_n(list(of_pair)) for of_pair in zip(*by_variable, strict=True)]
    inner = dict(zip(pairs, sums, strict=True))
    return tf.stack([tf.stack([inner[max(i, j), min(i, j)] for j in domains]) for i in domains])
