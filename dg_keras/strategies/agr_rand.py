"""Agr-Rand: what the domains agree on, and noise elsewhere."""

import dataclasses
from typing import Any

import keras
import tensorflow as tf

from dg_keras.strategies.agreement import CONFLICT, Agreement, replace
from dg_keras.strategies.randomness import check_seed, normal, split, stateless_seed
from dg_keras.strategies.total import FEW, total


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
        sums = [summed for summed, _ in state]
        sigma = _mean_magnitude(sums, conflicts)
        noise = _noise(sums, sigma, stateless_seed(self.seed, step))
        return [
            replace(conflict, summed, tf.cast(n, summed.dtype))
            for summed, conflict, n in zip(sums, conflicts, noise, strict=True)
        ]

    def _conflicts(self, sign: tf.Tensor) -> tf.Tensor:
        if self.zero_agrees:
            return sign == CONFLICT
        return (sign == CONFLICT) | (sign == 0)


def _noise(like: list[tf.Tensor], sigma: tf.Tensor, seed: tf.Tensor) -> list[tf.Tensor]:
    """Draws from N(0, sigma^2) in the shapes of some tensors, float32."""
    own_seed, shared_seed = split(seed, 2)
    own_seeds = split(own_seed, len(like))
    is_small = [t.shape.num_elements() is None or t.shape.num_elements() < FEW for t in like]
    # XLA takes a quarter of a second to compile a draw: small tensors share one.
    sizes = [tf.size(t) for t, small in zip(like, is_small, strict=True) if small]
    of_small = iter(tf.split(_draw(tf.add_n(sizes), sigma, shared_seed), sizes) if sizes else [])
    return [
        tf.reshape(next(of_small) if small else _draw(tf.size(t), sigma, own), tf.shape(t))
        for t, small, own in zip(like, is_small, own_seeds, strict=True)
    ]


def _draw(number: tf.Tensor, sigma: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    # Without a condition, XLA would draw once more for all that the draw is cut into or used for.
    return tf.cond(
        sigma > 0, lambda: sigma * normal([number], seed), lambda: tf.zeros([number], tf.float32)
    )


def _mean_magnitude(sums: list[tf.Tensor], conflicts: list[tf.Tensor]) -> tf.Tensor:
    """Mean magnitude of the agreeing components of all variables, a float32 scalar."""
    magnitude = tf.add_n(
        [
            total(_magnitude_of_agreeing, summed, conflict)
            for summed, conflict in zip(sums, conflicts, strict=True)
        ]
    )
    # A variable's are counted in integers: in float32, adding ones stops at 2^24.
    agreeing = tf.add_n([tf.cast(total(_ones_of_agreeing, c), tf.float32) for c in conflicts])
    return tf.math.divide_no_nan(magnitude, agreeing)


def _magnitude_of_agreeing(summed: tf.Tensor, conflict: tf.Tensor) -> tf.Tensor:
    return tf.where(conflict, 0.0, tf.abs(tf.cast(summed, tf.float32)))


def _ones_of_agreeing(conflict: tf.Tensor) -> tf.Tensor:
    return tf.cast(~conflict, tf.int32)
