"""How consistently one method beats another, over paired trials."""

from collections.abc import Sequence

import numpy as np
import scipy  # its parts are imported when they are first used, `stats` for a third of a second

from dg_keras.analysis._paired_differences import paired_differences


def rank_biserial(first: Sequence[float], second: Sequence[float]) -> float:
    """The matched-pairs rank-biserial correlation, the effect size of `paired_test`.

    The share of the ranks of the differences that are in favour of `first`, less the share that are
    in favour of `second` (Kerby, 2014, "The simple difference formula"). As in the test, pairs
    without a difference are left out, and differences that tie share their mean rank.

    Args:
        first: A result per trial.
        second: The other method's results, of the same trials in the same order.

    Returns:
        A number from -1, where `second` is larger in every pair, to 1, where `first` is; 0 where no
        pair differs.

    Raises:
        ValueError: If the two do not have the same, positive number of finite results.
    """
    differences = paired_differences(first, second)
    if not differences.size:
        return 0.0
    ranks = scipy.stats.rankdata(np.abs(differences))
    return float(np.sum(np.sign(differences) * ranks) / np.sum(ranks))
