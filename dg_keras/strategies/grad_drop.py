"""GradDrop: in each component one sign, chosen by chance."""

from typing import Any, ClassVar

import tensorflow as tf

from dg_keras.common.configured import public
from dg_keras.common.wide import wide
from dg_keras.strategies.fold_strategy import FoldStrategy
from dg_keras.strategies.randomness import uniform
from dg_keras.strategies.seeded import Seeded


@public
class GradDrop(Seeded, FoldStrategy):
    """GradDrop of Chen et al., "Just pick a sign" (2020), algorithm 1.

    In each component either what is positive of the domains' gradients is summed, or what is
    negative: the one with the probability of its part of all magnitudes (eq. 1).

    Args:
        seed: Seed of the choice, which is drawn anew for each component and each step; see
            `Seeded`.

    Examples:
        >>> dg_keras.strategies.GradDrop()([[[1.0, -2.0]], [[3.0, -1.0]]])[0].numpy()
        array([ 4., -3.], dtype=float32)
    """

    can_be_compiled: ClassVar[bool] = True
    keeps_finite: ClassVar[bool] = True

    def start(self, gradient: list[tf.Tensor]) -> Any:
        """What is positive, and the magnitude of what is negative."""
        return [(tf.nn.relu(wide(g)), tf.nn.relu(-wide(g))) for g in gradient]

    def add(self, state: Any, gradient: list[tf.Tensor]) -> Any:
        """The sums of both."""
        return [
            (positive + more, negative + less)
            for (positive, negative), (more, less) in zip(state, self.start(gradient), strict=True)
        ]

    def finish(self, state: Any, step: int | tf.Tensor) -> list[tf.Tensor]:
        """One of the two for each component."""
        merged, place = [], 0
        for positive, negative in state:
            # Halved, a sum of two that are in range is in range, too.
            of_positive = tf.math.divide_no_nan(positive / 2, positive / 2 + negative / 2)
            draws = tf.cast(uniform(tf.shape(positive), self.key(step), place), positive.dtype)
            merged.append(tf.where(draws < of_positive, positive, -negative))
            place += tf.size(positive)
        return merged
