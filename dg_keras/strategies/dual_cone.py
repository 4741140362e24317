"""What no domain's gradient conflicts with."""

import dataclasses
from typing import ClassVar

import tensorflow as tf

from dg_keras.common.check_between import check_between
from dg_keras.strategies.faces import MOST, solved_on_faces
from dg_keras.strategies.gram_strategy import GramStrategy


@dataclasses.dataclass(frozen=True)
class DualCone(GramStrategy):
    """What UPGrad and DualProj share: they project onto what conflicts with no domain."""

    ridge: float = 1e-4

    most_domains: ClassVar[int | None] = MOST

    def __post_init__(self) -> None:
        check_between("ridge", self.ridge, 0.0)


def projected(gram: tf.Tensor, weights: tf.Tensor, ridge: float) -> tf.Tensor:
    """Weighted sums of the gradients, projected onto the cone of what conflicts with no domain.

    The projection of sum_i u_i g_i onto {d: <d, g_i> >= 0 for all i} is sum_i v_i g_i, of the v
    that minimises its length under v >= u (Quinton & Rey, 2024).

    Args:
        gram: Inner products of the gradients, `[N, N]`.
        weights: The u of each sum, float64 `[N, R]`.
        ridge: What is added to the diagonal of the Gram matrix, as a part of its trace.

    Returns:
        The v of each, float64 `[N, R]`.
    """
    gram = tf.cast(gram, tf.float64)
    gram = tf.math.divide_no_nan(gram, tf.linalg.trace(gram))
    gram += ridge * tf.eye(gram.shape[0], dtype=tf.float64)
    # Where a bound does not hold the weight, the inner product is 0.
    added = tf.nn.relu(solved_on_faces(gram, -gram @ weights))
    candidates = tf.concat([weights[None], weights + added], axis=0)
    squared_lengths = tf.reduce_sum(candidates * (gram @ candidates), axis=1)
    chosen = tf.gather(
        tf.transpose(candidates, [2, 0, 1]), tf.argmin(squared_lengths, axis=0), batch_dims=1
    )
    return tf.transpose(chosen)
