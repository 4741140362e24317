"""The mean of all domains but those with the largest and the smallest gradient."""

from collections.abc import Callable
from typing import ClassVar

import tensorflow as tf

from dg_keras.common.configured import public
from dg_keras.common.is_whole import is_whole
from dg_keras.common.shortened import shortened
from dg_keras.common.wide import wide
from dg_keras.strategies.strategy import Strategy

_Choice = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


@public
class TrimmedMean(Strategy):
    """The coordinate-wise trimmed mean of Yin et al., "Byzantine-robust ..." (2018), definition 2.

    In each component the mean of the domains' gradients without the largest and the smallest of
    them: no single domain moves it far. Of three domains, it is their median.

    Args:
        trim: How many are left out at either end, as long as one remains.

    Examples:
        >>> strategy = dg_keras.strategies.TrimmedMean()
        >>> strategy([[[1.0, -2.0]], [[3.0, 2.0]], [[9.0, 0.0]]])[0].numpy()
        array([3., 0.], dtype=float32)
    """

    trim: int = 1

    can_be_compiled: ClassVar[bool] = True
    keeps_finite: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not is_whole(self.trim) or self.trim < 0:
            raise ValueError(
                f"`trim` must be an integer of 0 or more. Received: trim={shortened(self.trim)}"
            )

    def merge(self, gradients: list[list[tf.Tensor]], step: int | tf.Tensor) -> list[tf.Tensor]:
        """Trims component by component."""
        trim = min(self.trim, (len(gradients) - 1) // 2)
        return [_trimmed([wide(g) for g in of], trim) for of in zip(*gradients, strict=True)]


def _trimmed(values: list[tf.Tensor], trim: int) -> tf.Tensor:
    # Not sorted: XLA takes long to, and fuses these into one pass.
    for _ in range(trim):
        values = _without_extreme(values, tf.maximum, tf.minimum)
        values = _without_extreme(values, tf.minimum, tf.maximum)
    return tf.add_n([value / len(values) for value in values])


def _without_extreme(values: list[tf.Tensor], extreme: _Choice, other: _Choice) -> list[tf.Tensor]:
    """All values but the extreme one of each component."""
    rest, found = [], values[0]
    for value in values[1:]:
        rest.append(other(found, value))
        found = extreme(found, value)
    return rest
