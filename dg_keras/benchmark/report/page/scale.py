"""The horizontal axis that panels share."""

import dataclasses
import math
from collections.abc import Iterable
from typing import Self

_INTERVALS = 4  # between ticks, about


@dataclasses.dataclass(frozen=True)
class Scale:
    """An axis of differences from one tick to another, zero among them.

    Args:
        ticks: Ascending, in -1..1, as the differences; at least two.
        decimals: How many the ticks need, in percent points.
    """

    ticks: tuple[float, ...]
    decimals: int

    @classmethod
    def of(cls, differences: Iterable[float]) -> Self:
        """The axis that shows zero and all of these, with steps of 1, 2 or 5 times a power of ten.

        Args:
            differences: In -1..1.
        """
        percent = [0.0, *(100 * difference for difference in differences)]
        low, high = min(percent), max(percent)
        least = max(high - low, 0.1) / _INTERVALS  # of percent points: finer ones are noise
        power = math.floor(math.log10(least))
        step = next(f * 10.0**power for f in (1, 2, 5, 10) if f * 10.0**power >= least)
        first, last = math.floor(low / step), math.ceil(high / step)
        numbers = range(first, max(last, first + 1) + 1)
        decimals = max(0, -math.floor(math.log10(step)))
        return cls(tuple(number * step / 100 for number in numbers), decimals)

    def position(self, difference: float) -> float:
        """Where a difference is on the axis: 0 at its left end, 1 at its right."""
        return (difference - self.ticks[0]) / (self.ticks[-1] - self.ticks[0])
