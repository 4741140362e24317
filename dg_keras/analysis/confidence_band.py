"""How well a curve's mean is known from several trials."""

import numpy as np
import scipy  # its parts are imported when they are first used, `stats` for a third of a second
from numpy.typing import ArrayLike


def confidence_band(
    values: ArrayLike, level: float = 0.95
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The mean over trials at each point, and its confidence interval by Student's t.

    Each interval holds for its point alone, where the trials are independent and about normal.

    Args:
        values: A curve per trial, `[trials, points]`, of two trials or more.
        level: The probability, between 0 and 1, that an interval holds the true mean.

    Returns:
        `(mean, lower, upper)`, `[points]` each.

    Raises:
        ValueError: An argument is out of its range.
    """
    values = np.asarray(values, float)
    if values.ndim != 2 or len(values) < 2:
        raise ValueError(
            "`values` must be [trials, points], of at least two trials. "
            f"Received: shape {values.shape}"
        )
    if not 0 < level < 1:
        raise ValueError(f"`level` must be between 0 and 1. Received: level={level!r}")
    trials, mean = len(values), values.mean(axis=0)
    quantile = scipy.stats.t.ppf((1 + level) / 2, trials - 1)
    half_width = quantile * scipy.stats.sem(values, axis=0)
    return mean, mean - half_width, mean + half_width
