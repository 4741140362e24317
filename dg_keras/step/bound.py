"""A bound of a gradient that is known without reading it, where that is possible."""

from collections.abc import Sequence

import tensorflow as tf

from dg_keras.common.wide import wide
from dg_keras.strategies.totals import totals

_SAME_NUMBERS = ("Cast", "EnsureShape", "Identity", "Reshape")
_LARGE = 2**22
"""Components from which on a product is taken to have fewer in its factors, if that is unknown."""


def bound(gradient: Sequence[tf.Tensor | None], compiled: bool) -> tf.Tensor:
    """A number that no sum of squares of a gradient's components exceeds.

    Where it is finite, so are they, each of them below 2e19 in magnitude. The gradients of dense
    layers' kernels, which have most of the weights and take least work for each, are not read: they
    are matrix products, and |AB| is at most |A| |B| (Frobenius norms).

    Args:
        gradient: A gradient, None for variables that have none.
        compiled: Whether XLA compiles the function that this is part of.

    Returns:
        A float32 scalar, infinite or NaN where the gradient is, or may be.
    """
    bounds = [_bound(g, compiled) for g in gradient if g is not None]
    return tf.add_n(bounds) if bounds else tf.zeros(())


def _bound(gradient: tf.Tensor, compiled: bool) -> tf.Tensor:
    factors = _factors(gradient)
    if not factors:
        return _squares(gradient, compiled)
    first, second = factors
    return _squares(first, compiled) * _squares(second, compiled)


def _squares(tensor: tf.Tensor, compiled: bool) -> tf.Tensor:
    """The sum of squares, float32."""
    if compiled:
        (total,) = totals(lambda t: [tf.square(tf.cast(t, tf.float32))], tensor)
        return total
    # One kernel, and much faster than `totals` where XLA does not compile it.
    return 2.0 * tf.cast(tf.nn.l2_loss(wide(tensor)), tf.float32)


def _factors(gradient: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor] | None:
    """The matrices that a gradient is the product of, if they have fewer components than it has."""
    if tf.executing_eagerly():
        return None
    tensor = gradient
    while _has_wide_range(tensor) and tensor.op.type in _SAME_NUMBERS:
        tensor = tensor.op.inputs[0]
    if not _has_wide_range(tensor) or tensor.op.type != "MatMul":
        return None
    first, second = tensor.op.inputs
    sizes = [t.shape.num_elements() for t in (first, second)]
    size = gradient.shape.num_elements() or 0
    are_fewer = size >= _LARGE if None in sizes else sum(sizes) < size
    return (first, second) if are_fewer else None


def _has_wide_range(tensor: tf.Tensor) -> bool:
    """Whether the dtype holds all that the bound allows, which float16 does not."""
    return tensor.dtype in (tf.bfloat16, tf.float32, tf.float64)
