"""The effect size against examples worked by hand and the statistic of SciPy's test."""

import numpy as np
import pytest
import scipy.stats

from dg_keras.analysis import rank_biserial


def test_is_wikipedias_example_of_the_signed_rank_test():
    # One pair without a difference, ranks with ties, W+ = 27 and W- = 18 of 45.
    first = [125, 115, 130, 140, 140, 115, 140, 125, 140, 135]
    second = [110, 122, 125, 120, 140, 124, 123, 137, 135, 145]
    assert rank_biserial(first, second) == pytest.approx(9 / 45)


def test_is_scipys_statistic_rescaled():
    first, second = np.random.default_rng(0).normal(size=(2, 12))
    favourable = scipy.stats.wilcoxon(first, second, alternative="greater").statistic
    assert rank_biserial(first, second) == pytest.approx(2 * favourable / (12 * 13 / 2) - 1)
    assert rank_biserial(second, first) == pytest.approx(-rank_biserial(first, second))


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([3, 4, 5], [1, 1, 1], 1),
        ([1, 1, 1], [3, 4, 5], -1),
        ([1, 2, 3], [1, 2, 3], 0),
        ([1, 2, 9], [0, 0, 9], 1),
        # 0.3 - 0.2 and 0.3 - 0.4 tie: without rounding, the last bits would decide.
        ([0.3, 0.3], [0.2, 0.4], 0),
    ],
)
def test_is_worked_by_hand(first, second, expected):
    assert rank_biserial(first, second) == pytest.approx(expected)


def test_unpaired_results_are_one_sentence():
    with pytest.raises(ValueError, match="as many results each"):
        rank_biserial([1.0], [1.0, 2.0])
