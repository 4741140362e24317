"""An overflow of one replica, seen by all."""

from typing import Any

import tensorflow as tf

from dg_keras.step.replicas import all_sum
from dg_keras.strategies.strategy import all_finite, nan_unless


def nan_where_one_is(shares: list[Any]) -> list[Any]:
    """A replica's shares of a gradient, or NaN on all replicas where one's are not finite.

    Keras' loss scaling leaves a step out, on all replicas, where the shares of the first one are
    not finite; the others' it does not look at.

    Args:
        shares: Tensors or `tf.IndexedSlices`, None for variables without a gradient.
    """
    values = [g.values if isinstance(g, tf.IndexedSlices) else g for g in shares if g is not None]
    spoiled = all_sum(tf.cast(~all_finite([values]), tf.float32)) > 0.0
    remaining = iter(nan_unless(~spoiled, values))
    return [None if g is None else _with(g, next(remaining)) for g in shares]


def _with(share: Any, values: tf.Tensor) -> Any:
    if isinstance(share, tf.IndexedSlices):
        return tf.IndexedSlices(values, share.indices, share.dense_shape)
    return values
