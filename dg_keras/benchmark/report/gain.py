"""How much higher a method's measure is than the baseline's."""

import dataclasses
from collections.abc import Sequence
from typing import Self

import numpy as np
import scipy.stats

from dg_keras.analysis import smallest_p

CONFIDENCE = 0.95
"""The probability that an interval is to hold the true gain."""

_RESAMPLES = 9_999
_DRAWS = 2**21  # at once, in memory; of no influence on them
_DIGITS = 7  # as many as Keras' accuracies have; less is what sums of floats leave


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
    def of(cls, ours: Sequence[float], baselines: Sequence[float]) -> Self:
        """The gain, its interval by the percentile bootstrap over the trials.

        The percentile method (Efron and Tibshirani, 1993, chapter 13), not BCa: what BCa corrects
        by is estimated from the trials, of which there are few, and is 0 / 0 where all differences
        are equal. Of 20 pairs the interval holds the true mean about as often as it says, of less
        than ten clearly less often. The draws are the same each time.

        Args:
            ours: The method's measure per trial.
            baselines: The baseline's, of the same trials in the same order; at least one.
        """
        differences = np.round(np.subtract(ours, baselines), _DIGITS)
        pairs, mean = len(differences), _rounded(differences.mean())
        if pairs == 1:
            return cls(pairs, mean, None, None)
        interval = scipy.stats.bootstrap(
            (differences,),
            np.mean,
            n_resamples=_RESAMPLES,
            batch=max(1, _DRAWS // pairs),
            confidence_level=CONFIDENCE,
            method="percentile",
            random_state=np.random.default_rng(0),  # `rng` only from SciPy 1.15 on
        ).confidence_interval
        return cls(pairs, mean, _rounded(interval.low), _rounded(interval.high))

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


def _rounded(value: float) -> float:
    """Without what sums of floats leave, so that a gain of equal differences is in its interval."""
    return float(np.round(value, _DIGITS))
