"""Signs that groups of domains share, in few bits, so that a sum over the groups tells of all."""

import tensorflow as tf

WORD = 64
"""Bits of an integer that devices can sum; TensorFlow keeps those of 32 on the host."""


def bits(groups: int) -> int:
    """How many bits a component takes, for so many groups."""
    return (groups * (groups + 2)).bit_length()


def packed(sign: tf.Tensor, conflict: int, groups: int) -> tf.Tensor:
    """A group's vote on each component, several in a word.

    A vote counts who has seen a minus, and times G + 1 who has seen a plus, of G groups. All groups
    have seen minuses alone where the sum of all votes is G, pluses alone where it is G (G + 1), and
    zeros alone where it is 0; a group in which there is a conflict has seen both. No sum exceeds
    G (G + 2), so that no vote runs over into the next.

    Args:
        sign: -1, 0, 1, or the code of a conflict; int8 of any shape.
        conflict: That code.
        groups: G, the number of groups.

    Returns:
        int64 `[W]`.
    """
    in_word = WORD // bits(groups)
    flat = tf.reshape(sign, [-1])
    minus = tf.cast((flat == -1) | (flat == conflict), tf.int64)
    plus = tf.cast((flat == 1) | (flat == conflict), tf.int64)
    votes = minus + (groups + 1) * plus
    words = -(-tf.size(flat) // in_word)
    votes = tf.pad(votes, [[0, words * in_word - tf.size(flat)]])
    rows = tf.unstack(tf.reshape(votes, [in_word, -1]))
    return tf.add_n([row * 2 ** (bits(groups) * i) for i, row in enumerate(rows)])


def unpacked(total: tf.Tensor, like: tf.Tensor, conflict: int, groups: int) -> tf.Tensor:
    """The signs that all groups share, from the sum of their votes.

    Args:
        total: The sum of what `packed` returns over all groups, int64 `[W]`.
        like: One group's signs, for their shape.
        conflict: The code of a conflict.
        groups: G, the number of groups.

    Returns:
        -1, 0, 1, or the code of a conflict; int8, of the shape of `like`.
    """
    size, mask = bits(groups), 2 ** bits(groups) - 1
    rows = [
        tf.bitwise.bitwise_and(tf.bitwise.right_shift(total, size * i), mask)
        for i in range(WORD // size)
    ]
    votes = tf.reshape(tf.concat(rows, axis=0)[: tf.size(like)], tf.shape(like))
    sign = tf.cast(votes == groups * (groups + 1), tf.int8) - tf.cast(votes == groups, tf.int8)
    is_shared = (votes == 0) | (sign != 0)
    return tf.ensure_shape(tf.where(is_shared, sign, tf.cast(conflict, tf.int8)), like.shape)
