"""How much higher a method's measure is than the baseline's."""

import dataclasses
from collections.abc import Hashable, Mapping, Sequence
from typing import Self, TypeVar

import numpy as np
import scipy  # its parts are imported when they are first used, `stats` for a third of a second

from dg_keras.analysis import smallest_p

CONFIDENCE = 0.95
"""The probability that an interval is to hold the true gain."""

_RESAMPLES = 9_999
_DRAWS = 2**21  # at once, in memory; of no influence on them
_UNIT = 10**7  # as many digits as Keras' accuracies have; less is what sums of floats leave

_Key = TypeVar("_Key", bound=Hashable)
_Measures = Sequence[float] | np.ndarray


@dataclasses.dataclass(frozen=True)
class Gain:
    """How much higher a measure is than the baseline's, in 0..1, over the trials that both have.

    Args:
        pairs: The number of these trials.
        mean: Of the differences, a pair's each.
        low: Where the 95 % confidence interval of the mean begins; None for a single pair.
        high: Where it ends; None for a single pair.
    """

    pairs: int
    mean: float
    low: float | None
    high: float | None

    @classmethod
    def of_each(cls, compared: Mapping[_Key, tuple[_Measures, _Measures]]) -> dict[_Key, Self]:
        """Gains, their intervals by the percentile bootstrap over the trials.

        The percentile method (Efron and Tibshirani, 1993, chapter 13), not BCa: what BCa corrects
        by is estimated from the trials, of which there are few, and is 0 / 0 where all differences
        are equal. Of 20 pairs the interval holds the true mean about as often as it says, of less
        than ten clearly less often. The draws are the same each time, and the same for all
        gains of as many pairs.

        Args:
            compared: The method's measure per trial and the baseline's, of the same trials in the
                same order; at least one.
        """
        differences: dict[int, dict[_Key, np.ndarray]] = {}
        for key, (ours, baselines) in compared.items():
            # Whole numbers, whose sums are the same in any order, as on any machine.
            found = np.rint(np.subtract(ours, baselines) * _UNIT)
            differences.setdefault(len(found), {})[key] = found
        gains: dict[_Key, Self] = {}
        for pairs, of_key in differences.items():
            rows = np.stack(list(of_key.values()))
            means = map(_rounded, rows.mean(axis=1))
            lows, highs = _intervals(rows)
            for key, mean, low, high in zip(of_key, means, lows, highs, strict=True):
                gains[key] = cls(pairs, mean, low, high)
        return {key: gains[key] for key in compared}

    @property
    def excludes_zero(self) -> bool | None:
        """Whether 0 is outside of the interval.

        None where the pairs are too few to tell: so few have all the same sign by chance more often
        than the interval's level allows, and would exclude 0.
        """
        if self.low is None or self.high is None or smallest_p(self.pairs) > 1 - CONFIDENCE:
            return None
        return self.low > 0 or self.high < 0

    def mean_points(self, digits: int = 1) -> str:
        """The mean in percent points with so many digits: "+1.1"."""
        return f"{100 * self.mean:+z.{digits}f}"

    def interval_points(self, digits: int = 1) -> str:
        """The interval in percent points with so many digits: "(-1.2, +3.2)"; "" for none."""
        if self.low is None or self.high is None:
            return ""
        return f"({100 * self.low:+z.{digits}f}, {100 * self.high:+z.{digits}f})"

    def __str__(self) -> str:
        return f"{self.mean_points()} {self.interval_points()}".rstrip()


def _intervals(differences: np.ndarray) -> tuple[list[float | None], list[float | None]]:
    """Where the intervals of the means begin and end.

    Args:
        differences: `[gains, pairs]`, as multiples of 1 / `_UNIT`.
    """
    gains, pairs = differences.shape
    if pairs == 1:
        return [None] * gains, [None] * gains

    def means(drawn: np.ndarray, axis: int) -> np.ndarray:
        """`[gains, draws]`; how often each pair was drawn tells them as well as what it was."""
        del axis  # the last one
        draws = np.atleast_2d(drawn)
        of_draw = pairs * np.arange(len(draws))[:, None]
        counts = np.bincount((of_draw + draws).ravel(), minlength=draws.size)
        return differences @ counts.reshape(draws.shape).T.astype(float) / pairs

    interval = scipy.stats.bootstrap(
        (np.arange(pairs),),
        means,
        vectorized=True,
        n_resamples=_RESAMPLES,
        batch=max(1, _DRAWS // pairs),
        confidence_level=CONFIDENCE,
        method="percentile",
        random_state=np.random.default_rng(0),  # `rng` only from SciPy 1.15 on
    ).confidence_interval
    return list(map(_rounded, interval.low)), list(map(_rounded, interval.high))


def _rounded(value: float) -> float:
    """Of multiples of 1 / `_UNIT` the number, of so many digits."""
    return float(np.rint(value) / _UNIT)
