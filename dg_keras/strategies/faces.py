"""Quadratic problems over the domains' weights, solved by a look at every set of domains.

Which of the weights are 0, or at their bound, is what makes these problems hard. For the few
domains that there are, all 2^N answers are tried at once, and the best is the solution: in a graph
and under XLA, without a solver that iterates or a process of its own.
"""

import itertools

import numpy as np
import tensorflow as tf

from dg_keras.strategies.solved import solved

MOST = 10
"""Domains of which all sets are looked at: a thousand."""


def faces(domains: int) -> np.ndarray:
    """All sets of domains but the empty one: 1 for those that are in it, `[2^N - 1, N]`."""
    sets = itertools.product((0.0, 1.0), repeat=domains)
    return np.array([one for one in sets if any(one)])


def solved_on_faces(matrix: tf.Tensor, right: tf.Tensor) -> tf.Tensor:
    """For each set S of domains, the x of A_SS x_S = b_S, and 0 outside of S.

    Args:
        matrix: A, float64 `[N, N]`, as for `solved`.
        right: b, float64 `[N, R]`.

    Returns:
        float64 `[2^N - 1, N, R]`.
    """
    inside = tf.constant(faces(matrix.shape[0]))
    outside = tf.linalg.diag(1.0 - inside)
    return solved(
        inside[:, :, None] * matrix * inside[:, None, :] + outside, inside[:, :, None] * right
    )


def best(candidates: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
    """The candidate of the smallest value.

    Args:
        candidates: `[S, N]`.
        values: `[S]`; what is NaN is no solution.
    """
    values = tf.where(tf.math.is_nan(values), tf.constant(np.inf, values.dtype), values)
    return tf.gather(candidates, tf.argmin(values))
