"""Agr-Rand: what the domains agree on, and noise elsewhere."""

import dataclasses
from typing import Any

import keras
import tensorflow as tf

from dg_keras.strategies.agreement import CONFLICT, Agreement, replace
from dg_keras.strategies.randomness import check_seed, normal, split, stateless_seed


@keras.saving.register_keras_serializable(package="dg_keras")
@dataclasses.dataclass(frozen=True)
class AgrRand(Agreement):
    """Agr-Rand of Mansilla et al. (2021), eq. 4.

    As Agr-Sum where the domains' signs agree; elsewhere a draw from N(0, sigma^2), where sigma is
    the mean magnitude of the agreeing components of the whole network (0 where nothing agrees).

    Args:
        seed: Seed of the noise, an integer. The noise depends on it and on the step alone, and is
            the same in a graph, eagerly, and under XLA.
        zero_agrees: Whether a component that is 0 in every domain is agreement, as eq. 3 says. With
            False, as in the authors' published code, it gets noise and does not count in sigma.

    Example:
    >>> dg_keras.strategies.AgrRand()([[[1.0, -2.0]], [[3.0, -2.0]]])[0].numpy()
    array([ 4., -4.], dtype=float32)
    """

    seed: int = 0
    zero_agrees: bool = True

    def __post_init__(self) -> None:
        check_seed(self.seed)

    def finish(self, state: Any, step: int | tf.Tensor) -> list[tf.Tensor]:
        """The sum where there is agreement, noise where there is conflict."""
        conflicts = [self._conflicts(sign) for _, sign in state]
        totals = [total for total, _ in state]
        sigma = _mean_magnitude(totals, conflicts)
        seeds = split(stateless_seed(self.seed, step), len(totals))
        return [
            replace(conflict, total, tf.cast(sigma * normal(tf.shape(total), seed), total.dtype))
            for total, conflict, seed in zip(totals, conflicts, seeds, strict=True)
        ]

    def _conflicts(self, sign: tf.Tensor) -> tf.Tensor:
        if self.zero_agrees:
            return sign == CONFLICT
        return (sign == CONFLICT) | (sign == 0)


def _mean_magnitude(totals: list[tf.Tensor], conflicts: list[tf.Tensor]) -> tf.Tensor:
    """Mean magnitude of the agreeing components of all variables, a float32 scalar."""
    magnitude = tf.add_n(
        [
            tf.reduce_sum(tf.where(conflict, 0.0, tf.abs(tf.cast(total, tf.float32))))
            for total, conflict in zip(totals, conflicts, strict=True)
        ]
    )
    # Counted in integers: in float32, adding ones stops at 2^24.
    agreeing = tf.add_n([tf.math.count_nonzero(~conflict) for conflict in conflicts])
    return tf.math.divide_no_nan(magnitude, tf.cast(agreeing, tf.float32))
