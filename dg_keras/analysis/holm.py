"""P-values for several comparisons at once."""

from collections.abc import Sequence

import numpy as np


def holm(p_values: Sequence[float]) -> np.ndarray:
    """The p-values adjusted for their number by the step-down method of Holm (1979).

    Where each comparison counts as significant when its adjusted value is at most alpha, the
    probability of even one false finding is at most alpha, however the comparisons depend on one
    another.

    Args:
        p_values: The p-values `[m]` of one family of comparisons, such as all methods on a target.

    Returns:
        The adjusted values `[m]`, in the same order: the i-th smallest p-value times m - i + 1, at
        least as large as the one before and at most 1.

    Raises:
        ValueError: If `p_values` is not a list of numbers from 0 to 1.
    """
    p = np.asarray(p_values, float)
    if p.ndim != 1 or not np.all((p >= 0) & (p <= 1)):
        raise ValueError(
            f"`p_values` must be a list of numbers from 0 to 1. Received: p_values={p_values!r}"
        )
    order = np.argsort(p)
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1))
    return np.minimum(adjusted, 1)
