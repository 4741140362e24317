"""The differences that the test of significance and its effect size are made of."""

from collections.abc import Sequence

import numpy as np

_NEAR = 5e-7  # what differences of float32 are off by at most, which Keras gives accuracies in


def paired_differences(first: Sequence[float], second: Sequence[float]) -> np.ndarray:
    """The differences between paired results, without those that are zero (Wilcoxon, 1945).

    Args:
        first: Results.
        second: As many others, of the same trials in the same order.

    Returns:
        The differences as multiples of the median size of a result. Sizes that are next to each
        other, or to 0, within 5e-7 are one: two accuracies that differ by as many images must tie,
        whatever their last bits.

    Raises:
        ValueError: If the two do not have the same, positive number of results, or one is not
            finite.
    """
    one, other = np.asarray(first, float), np.asarray(second, float)
    if one.shape != other.shape or one.ndim != 1 or not one.size:
        raise ValueError(
            "`first` and `second` must be as many results each, at least one. "
            f"Received: {one.shape} and {other.shape}"
        )
    both = np.concatenate([one, other])
    if not np.isfinite(both).all():
        raise ValueError(
            "`first` and `second` must be finite. "
            f"Received: first={one.tolist()} and second={other.tolist()}"
        )
    sizes = np.abs(both[both != 0])
    scale = float(np.median(sizes)) if sizes.size else 1.0
    differences: np.ndarray = (one - other) / scale
    of_zero_too = np.concatenate([[0.0], np.abs(differences)])
    values, places = np.unique(of_zero_too, return_inverse=True)
    groups = np.cumsum(np.diff(values, prepend=values[0]) > _NEAR)
    smallest = values[np.unique(groups, return_index=True)[1]]  # of each group
    tied = np.copysign(smallest[groups][places[1:]], differences)
    return tied[tied != 0]
