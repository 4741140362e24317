"""Quantiles that XLA can compile without a dynamic shape."""

import tensorflow as tf

_BITS = 32


def quantile(values: tf.Tensor, share: float) -> tf.Tensor:
    """What a share of each row's values lies below, between two of them as in `np.quantile`.

    `tf.sort` and `tf.math.top_k` make a dynamic shape under XLA; see `order`.

    Args:
        values: float32 `[B, N]`, finite.
        share: From 0 to 1.

    Returns:
        float32 `[B]`.
    """
    last = tf.cast(tf.shape(values)[1] - 1, tf.float32)
    place = share * last
    below = tf.cast(tf.floor(place), tf.int32)
    lower = _ordered(values, below)
    upper = _ordered(values, tf.minimum(below + 1, tf.cast(last, tf.int32)))
    return lower + (place - tf.floor(place)) * (upper - lower)


def _ordered(values: tf.Tensor, place: tf.Tensor) -> tf.Tensor:
    """The value at a place of each row in ascending order: of its bits, one after the other."""
    bits = tf.bitcast(values, tf.int32)
    # Whole numbers that are in the order of the floats, of which negative ones count backwards.
    keys = tf.cast(tf.where(bits < 0, bits ^ tf.int32.max, bits), tf.int64) + 2 ** (_BITS - 1)
    found = tf.zeros_like(keys[:, 0])
    for bit in reversed(range(_BITS)):
        larger = found + 2**bit
        smaller = tf.reduce_sum(tf.cast(keys < larger[:, None], tf.int32), axis=1)
        found = tf.where(smaller <= place, larger, found)
    key = tf.cast(found - 2 ** (_BITS - 1), tf.int32)
    return tf.bitcast(tf.where(key < 0, key ^ tf.int32.max, key), tf.float32)
