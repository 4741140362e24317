"""Draws that depend on a seed and a step alone, in a graph, eagerly, and under XLA.

TensorFlow's own normal and uniform draws differ under XLA even with alg="philox", since it makes
floats of other bits of the same integers. The integers agree, so that all draws start from them.
"""

import math

import tensorflow as tf


def split(seed: tf.Tensor, number: int) -> list[tf.Tensor]:
    """Independent seeds, int64 `[2]` each."""
    return tf.unstack(tf.random.split(seed, num=number, alg="philox"))


def integers(shape: tf.Tensor | list[int], seed: tf.Tensor) -> tf.Tensor:
    """Uniform draws from all of int32."""
    return tf.random.stateless_uniform(shape, seed, None, None, tf.int32, alg="philox")


def normal(shape: tf.Tensor | list[int], seed: tf.Tensor) -> tf.Tensor:
    """Standard normal draws, float32; each depends on the seed and its place alone."""
    return tf.reshape(to_normal(hashed(tf.reduce_prod(shape), seed)), shape)


def uniform(shape: tf.Tensor, seed: tf.Tensor, first: int | tf.Tensor = 0) -> tf.Tensor:
    """Uniform draws between 0 and 1, float32 and neither of the two; see `hashed`."""
    draws = hashed(tf.reduce_prod(shape), seed, first)
    upper = tf.cast(tf.bitwise.right_shift(draws, tf.constant(9, tf.uint32)), tf.float32)
    return tf.reshape((upper + 0.5) * 2.0**-23, shape)


def hashed(number: int | tf.Tensor, seed: tf.Tensor, first: int | tf.Tensor = 0) -> tf.Tensor:
    """Uniform draws from all of uint32, `[number]`: the hash of a draw's place and the seed.

    XLA fuses it with what the draws are for, and makes millions in the time that philox, whose
    draws it puts together from blocks of four, needs for some hundred thousand.

    Args:
        number: How many.
        seed: int64 `[2]`.
        first: The place of the first of them.
    """
    one, other = tf.unstack(tf.bitcast(integers([2], seed), tf.uint32))
    places = tf.cast(first + tf.range(number), tf.uint32)
    return _mix(_mix(tf.bitwise.bitwise_xor(places, one)) + other)


def _mix(word: tf.Tensor) -> tf.Tensor:
    """A bijection of uint32 in which every bit depends on all: `lowbias32` of Wellons (2018)."""
    for shift, factor in ((16, 0x21F0AAAD), (15, 0x735A2D97)):
        word = _xor_shifted(word, shift) * tf.constant(factor, tf.uint32)
    return _xor_shifted(word, 15)


def _xor_shifted(word: tf.Tensor, shift: int) -> tf.Tensor:
    return tf.bitwise.bitwise_xor(word, tf.bitwise.right_shift(word, tf.constant(shift, tf.uint32)))


def to_normal(integers: tf.Tensor) -> tf.Tensor:
    """Makes standard normal draws, float32, of uniform draws from all of uint32."""
    # 23 bits, and halfway between two of their values: both (1 + u) / 2 and (1 - u) / 2, of which
    # TensorFlow's inverse error function takes one, are float32 numbers, and neither is 0 or 1.
    upper = tf.cast(tf.bitwise.right_shift(integers, tf.constant(9, tf.uint32)), tf.float32)
    return math.sqrt(2) * tf.math.erfinv((upper + 0.5) * 2.0**-22 - 1.0)
