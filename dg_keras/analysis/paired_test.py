"""Whether one method beats another, over paired trials."""

from collections.abc import Sequence

import numpy as np
import scipy.stats

from dg_keras.analysis._paired_differences import paired_differences


def paired_test(first: Sequence[float], second: Sequence[float]) -> float:
    """The two-sided p-value of the Wilcoxon signed-rank test, as Mansilla et al. (2021) use it.

    Pairs without a difference are left out (Wilcoxon, 1945). Where differences tie, the exact
    distribution is that of all their signs, which SciPy enumerates for up to 13 pairs and
    samples, with a fixed seed, for more.

    Args:
        first: A result a trial.
        second: The other method's results, of the same trials in the same order.

    Returns:
        The p-value; 1 where no pair differs.

    Raises:
        ValueError: If the two do not have the same, positive number of results.
    """
    differences = paired_differences(first, second)
    if not differences.size:
        return 1.0
    tied = len(np.unique(np.abs(differences))) < differences.size
    method = scipy.stats.PermutationMethod(rng=0) if tied else "auto"
    return float(scipy.stats.wilcoxon(differences, method=method).pvalue)


def smallest_p(pairs: int) -> float:
    """The smallest p-value that the test can give for so many pairs: all in one direction."""
    return 2.0 ** (1 - pairs)
