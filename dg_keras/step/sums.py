"""Sums of gradients, of which some variables may have none."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf


def dense(gradient: Sequence[Any], variables: Sequence[keras.Variable]) -> list[tf.Tensor | None]:
    """The gradient without `tf.IndexedSlices`, of which not all arithmetic is defined."""
    return [
        # Made dense, it does not know the shape that its variable has.
        tf.ensure_shape(tf.convert_to_tensor(g), v.shape) if isinstance(g, tf.IndexedSlices) else g
        for g, v in zip(gradient, variables, strict=True)
    ]


def add(gradient: Sequence[Any], other: Sequence[Any]) -> list[Any]:
    """The sum of two gradients, either of which may be None for a variable."""
    return [
        g if o is None else o if g is None else g + o for g, o in zip(gradient, other, strict=True)
    ]


def times(gradient: Sequence[Any], factor: Any) -> list[Any]:
    """The gradient multiplied by a number."""
    return [None if g is None else g * tf.cast(factor, g.dtype) for g in gradient]
