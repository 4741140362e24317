"""What Agr-Sum and Agr-Rand share: where the signs of the domains' gradients agree."""

import dataclasses
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from dg_keras.common.wide import wide
from dg_keras.strategies.fold_strategy import FoldStrategy
from dg_keras.strategies.votes import packed, unpacked

CONFLICT = 2
"""Beside the signs -1, 0 and 1, the code of a component on which the domains disagree."""


@dataclasses.dataclass(frozen=True)
class Agreement(FoldStrategy):
    """Keeps, for each variable, the domains' sum and one byte per component.

    The byte is the sign that all domains so far share (-1, 0 or 1) or `CONFLICT`: eq. 3 of Mansilla
    et al. (2021), with sgn(0) = 0. A count of signs would not do: g and -g look like two zeros.
    """

    def start(self, gradient: list[tf.Tensor]) -> Any:
        """The gradient and its signs."""
        return [(wide(g), _sign(g)) for g in gradient]

    def add(self, state: Any, gradient: list[tf.Tensor]) -> Any:
        """The sum, and the signs where they are still shared."""
        conflict = tf.constant(CONFLICT, tf.int8)
        return [
            (total + wide(g), tf.where(sign == _sign(g), sign, conflict))
            for (total, sign), g in zip(state, gradient, strict=True)
        ]

    def _of_all(self, state: Any, all_sum: Callable[[Any], Any], groups: int) -> Any:
        """This group's sums, with the signs that all groups share."""
        votes = all_sum([packed(sign, CONFLICT, groups) for _, sign in state])
        return [
            (total, unpacked(of_all, sign, CONFLICT, groups))
            for (total, sign), of_all in zip(state, votes, strict=True)
        ]


def replace(conflicts: tf.Tensor, total: tf.Tensor, by: tf.Tensor) -> tf.Tensor:
    """`total`, with `by` where there are conflicts; infinities and NaNs stay."""
    # The sign of NaN is no sign, and infinity can conflict: hidden here, the step would be applied
    # and the loss scale would never drop.
    return tf.where(conflicts & tf.math.is_finite(total), by, total)


def _sign(gradient: tf.Tensor) -> tf.Tensor:
    # Half of what `tf.sign` takes under XLA on a CPU, which converts floats one by one.
    return tf.cast(gradient > 0, tf.int8) - tf.cast(gradient < 0, tf.int8)
