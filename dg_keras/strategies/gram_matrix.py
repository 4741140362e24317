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
    flat = [[tf.reshape(tf.cast(v, dtype), [-1]) for v in gradient] for gradient in gradients]
    return tf.add_n(
        [
            _of_large([gradient[group[0]] for gradient in flat])
            if _is_large(flat[0][group[0]])
            else _of_small([[gradient[i] for i in group] for gradient in flat])
            for group in _groups(flat[0])
        ]
    )


def _groups(variables: list[tf.Tensor]) -> list[list[int]]:
    """The variables' numbers, small ones together, as many as make a large one.

    A matrix product over more components would lose digits.
    """
    groups: list[list[int]] = []
    open_group: list[int] = []
    size = 0
    for number, variable in enumerate(variables):
        if _is_large(variable):
            groups.append([number])
            continue
        if open_group and size + variable.shape[0] >= FEW:
            groups.append(open_group)
            open_group, size = [], 0
        open_group.append(number)
        size += variable.shape[0]
    return [*groups, open_group] if open_group else groups


def _is_large(variable: tf.Tensor) -> bool:
    """Whether it is large, or may be."""
    return variable.shape[0] is None or variable.shape[0] >= FEW


def _of_small(gradients: list[list[tf.Tensor]]) -> tf.Tensor:
    """Inner products over small variables: one operation for all, whatever N is."""
    together = tf.stack([tf.concat(gradient, axis=0) for gradient in gradients])
    return tf.matmul(together, together, transpose_b=True)


def _of_large(variable: list[tf.Tensor]) -> tf.Tensor:
    """Inner products over one variable, which is not copied, as stacking would do."""
    domains = range(len(variable))
    pairs = [(i, j) for i in domains for j in range(i + 1)]
    sums = totals(lambda *g: [g[i] * g[j] for i, j in pairs], *variable)
    inner = dict(zip(pairs, sums, strict=True))
    return tf.stack([tf.stack([inner[max(i, j), min(i, j)] for j in domains]) for i in domains])
