"""Orders that XLA can compile."""

import tensorflow as tf


def ranks(keys: tf.Tensor) -> tf.Tensor:
    """The rank of each key, its place in ascending order; of equals the first comes first.

    XLA makes a dynamic shape of `tf.argsort` and then inlines all of the step's random number
    generators, dropout's among them, into what uses them, which draws several times.

    Args:
        keys: Integers `[..., N]`, N known.

    Returns:
        A permutation of 0..N-1 in each row, int32 `[..., N]`.
    """
    number = tf.range(keys.shape[-1])
    one, other = keys[..., :, None], keys[..., None, :]
    is_before = (one < other) | ((one == other) & (number[:, None] < number))
    return tf.reduce_sum(tf.cast(is_before, tf.int32), axis=-2)


def inverse(permutations: tf.Tensor) -> tf.Tensor:
    """What stands at each place, int32 `[..., N]`, of the ranks of all, `[..., N]`."""
    number = tf.range(permutations.shape[-1])
    is_at_place = permutations[..., None, :] == number[:, None]
    return tf.argmax(is_at_place, axis=-1, output_type=tf.int32)
