"""The differences that the test of significance and its effect size are made of."""

from collections.abc import Sequence

import numpy as np


def paired_differences(first: Sequence[float], second: Sequence[float]) -> np.ndarray:
    """The differences between paired results, without those that are zero (Wilcoxon, 1945).

    Raises:
        ValueError: If the two do not have the same, positive number of results.
    """
    first, second = np.asarray(first, float), np.asarray(second, float)
    if first.shape != second.shape or first.ndim != 1 or not first.size:
        raise ValueError(
            "`first` and `second` must be as many results each, at least one. "
            f"Received: {first.shape} and {second.shape}"
        )
    # Rounded, as two accuracies that differ by as many images must tie, whatever their last bits.
    differences = np.round(first - second, 9)
    return differences[differences != 0]
