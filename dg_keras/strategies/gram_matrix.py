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
    ordinary = (squared_norms >= _SMALLEST) & (squared_norms <= np.finfo(np.float32).max)
    # Behind the condition is a second pass, slow, that hardly any step takes.
    return tf.cond(
        tf.reduce_all(ordinary),
        lambda: gram,
        lambda: _in_range(_inner_products(gradients, tf.float64)),
    )


def _in_range(gram: tf.Tensor) -> tf.Tensor:
    """A multiple of a float64 matrix in float32."""
    largest = tf.reduce_max(tf.linalg.diag_part(gram))
    scaled = tf.math.divide_no_nan(gram, largest) * _LARGEST
    # Denormals are kept or taken for 0 as the machine likes, and have few digits.
    normal = ~(tf.abs(scaled) < np.finfo(np.float32).tiny)
    return tf.cast(tf.where(normal, scaled, tf.zeros_like(scaled)), tf.float32)


def _inner_products(gradients: list[list[tf.Tensor]], dtype: tf.DType) -> tf.Tensor:
    """Inner products over all variables, `[N, N]`."""
    flat = [[tf.reshape(v, [-1]) for v in gradient] for gradient in gradients]
    large, small = _by_size(flat[0])
    parts = [_of_large([gradient[i] for gradient in flat], dtype) for i in large]
    parts += [of_small([[gradient[i] for i in of] for gradient in flat], dtype) for of in small]
    return tf.add_n(parts)


def _by_size(variables: list[tf.Tensor]) -> tuple[list[int], list[list[int]]]:
    """The numbers of large variables, and of small ones in groups of as many as make a large one.

    One whose size is not known counts as large.
    """
    large: list[int] = []
    groups: list[list[int]] = [[]]
    size = 0
    for number, variable in enumerate(variables):
        own = variable.shape[0]
        if own is None or own >= FEW:
            large.append(number)
            continue
        if size + own >= FEW:
            groups.append([])
            size = 0
        groups[-1].append(number)
        size += own
    return large, [group for group in groups if group]


def of_small(gradients: list[list[tf.Tensor]], dtype: tf.DType = tf.float32) -> tf.Tensor:
    """Inner products over small variables, `[N, N]`: an operation per domain for all of them.

    Args:
        gradients: A list over the domains of lists over the variables, which are vectors.
        dtype: Of the result.
    """
    # In float64, since GPUs take a product of float32 with three digits.
    together = tf.stack(
        [tf.concat([tf.cast(v, tf.float64) for v in gradient], axis=0) for gradient in gradients]
    )
    # Of a product of two so narrow matrices XLA makes plain loops on a CPU: five times as long.
    rows = [tf.linalg.matvec(together, gradient) for gradient in tf.unstack(together)]
    return tf.cast(tf.stack(rows), dtype)


def _of_large(variable: list[tf.Tensor], dtype: tf.DType) -> tf.Tensor:
    """Inner products over one variable, which is not copied, as stacking would do."""
    domains = range(len(variable))
    pairs = [(i, j) for i in domains for j in range(i + 1)]

    def products(*parts: tf.Tensor) -> list[tf.Tensor]:
        g = [tf.cast(part, dtype) for part in parts]
        return [g[i] * g[j] for i, j in pairs]

    inner = dict(zip(pairs, totals(products, *variable), strict=True))
    return tf.stack([tf.stack([inner[max(i, j), min(i, j)] for j in domains]) for i in domains])
