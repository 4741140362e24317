"""The test of significance against SciPy's and against enumeration."""

import itertools
import sys

import numpy as np
import pytest
import scipy.stats

from dg_keras.analysis import paired_test, smallest_p
from dg_keras.analysis._paired_differences import paired_differences


def by_enumeration(differences):
    """Twice the share of all sign patterns that are at least as far out, at most 1."""
    ranks = scipy.stats.rankdata(np.abs(differences))
    patterns = np.array(list(itertools.product([0, 1], repeat=len(ranks))))
    sums, observed = patterns @ ranks, ranks[np.asarray(differences) > 0].sum()
    tails = np.mean(sums <= observed + 1e-9), np.mean(sums >= observed - 1e-9)
    return min(1, 2 * min(tails))


def of_differences(differences):
    return paired_test(np.array(differences, float), np.zeros(len(differences)))


@pytest.mark.parametrize(
    "differences",
    [
        [1, 2, 3],
        [1, -2, 3, 4, 5],
        [1, 1, 1, 1, 1, 1],
        [1, 1, -1, 2, 2, 3, -3, 4],
        [5, -4, 3, -2, 1, 6, 7, 8, 9, 10],
    ],
)
def test_is_the_exact_distribution_of_signs(differences):
    assert of_differences(differences) == pytest.approx(by_enumeration(differences), rel=1e-12)


@pytest.mark.parametrize("pairs", range(1, 13))
def test_is_the_exact_distribution_of_signs_with_ties(pairs):
    rng = np.random.default_rng(pairs)
    for _ in range(12):
        sizes = rng.integers(1, rng.integers(2, 9), size=pairs)
        differences = sizes * rng.choice([-1, 1], p=[0.3, 0.7], size=pairs)
        assert of_differences(differences) == pytest.approx(by_enumeration(differences), rel=1e-12)


@pytest.mark.parametrize("pairs", [1, 2, 5, 12, 20, 40])
def test_is_scipys_exact_test_without_ties(pairs):
    rng = np.random.default_rng(pairs)
    for _ in range(20):
        first, second = rng.normal(loc=[[0.3], [0.0]], size=(2, pairs))
        expected = scipy.stats.wilcoxon(first, second, method="exact").pvalue
        assert paired_test(first, second) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("decimals", [1, 9])  # with ties and without
def test_of_many_pairs_is_the_normal_approximation(decimals):
    first, second = np.random.default_rng(0).normal([[0.05], [0.0]], size=(2, 2000))
    difference = np.round(first - second, decimals)
    difference = difference[difference != 0][:501]
    assert len(difference) == 501
    expected = scipy.stats.wilcoxon(difference, method="approx").pvalue
    assert 0.01 < expected < 0.9
    assert of_differences(difference) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(("mean", "p", "off"), [(0.08, 0.05, 2e-3), (0.12, 0.003, 0.02)])
def test_the_normal_approximation_is_as_far_off_as_it_is_told(monkeypatch, mean, p, off):
    differences = np.random.default_rng(1).normal(mean, size=500)
    differences += mean - differences.mean()
    exact = of_differences(differences)
    monkeypatch.setattr(sys.modules["dg_keras.analysis.paired_test"], "_MOST_EXACT", 499)
    approximate = of_differences(differences)
    assert 0.5 * p < exact < 2 * p
    assert 0 < abs(approximate / exact - 1) < off


@pytest.mark.parametrize("pairs", [20, 80, 600])
def test_order_and_sides_do_not_matter(pairs):
    """To the last digit, with ties and where no float64 holds the counts."""
    rng = np.random.default_rng(0)
    first, second = rng.integers(40, size=(2, pairs)) / 40
    expected = paired_test(first, second)
    assert 0 < expected < 1
    assert paired_test(second, first) == expected
    for _ in range(10):
        order = rng.permutation(pairs)
        assert paired_test(first[order], second[order]) == expected


def test_of_twenty_trials_with_ties_is_that_of_all_patterns():
    differences = [3, 1, 2, -1, 4, 2, 2, -3, 5, 1, -2, 3, 1, 6, -1, 2, -4, 3, 1, 2]
    ranks = (2 * scipy.stats.rankdata(np.abs(differences))).astype(int)
    sums = np.zeros(1, int)
    for rank in ranks:
        sums = np.concatenate([sums, sums + rank])
    smaller = min(ranks[np.array(differences) < 0].sum(), ranks[np.array(differences) > 0].sum())
    assert len(sums) == 2**20
    assert of_differences(differences) == pytest.approx(2 * np.mean(sums <= smaller), rel=1e-12)


def test_pairs_without_a_difference_count_for_nothing():
    assert paired_test([0.5, 0.5, 0.5], [0.5, 0.5, 0.5]) == 1
    assert paired_test([0.0], [0.0]) == 1
    assert paired_test([1, 2, 3, 9], [0, 0, 0, 9]) == paired_test([1, 2, 3], [0, 0, 0])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("unit", [1, 100])
def test_accuracies_that_differ_by_as_many_images_tie(dtype, unit):
    """The differences of 0.1 are several numbers, in float32 from the eighth digit on."""
    first = np.array([0.3, 0.4, 0.1, 0.7, 0.9], dtype) * np.array(unit, dtype)
    second = np.array([0.2, 0.3, 0.2, 0.6, 0.1], dtype) * np.array(unit, dtype)
    assert paired_test(first, second) == by_enumeration([1, 1, -1, 1, 8]) == 5 / 16


def test_one_result_far_off_hides_no_other_difference():
    assert paired_test([1e9, 0.5, 0.5, 0.5], [0.4, 0.4, 0.3, 0.2]) == smallest_p(4)


@pytest.mark.parametrize("pairs", [1, 3, 6, 10])
def test_the_smallest_p_is_that_of_one_direction(pairs):
    assert paired_test(np.arange(1.0, pairs + 1), np.zeros(pairs)) == smallest_p(pairs)


def test_of_no_pairs_the_smallest_p_is_one():
    assert smallest_p(0) == paired_test([0.5], [0.5]) == 1


@pytest.mark.parametrize(("first", "second"), [([], []), ([1.0], [1.0, 2.0])])
def test_unpaired_results_are_one_sentence(first, second):
    with pytest.raises(ValueError, match="as many results each"):
        paired_test(first, second)


@pytest.mark.parametrize("result", [np.nan, np.inf])
def test_results_that_are_no_numbers_are_one_sentence(result):
    with pytest.raises(ValueError, match="`first` and `second` must be finite"):
        paired_test([0.5, result], [0.4, 0.3])


@pytest.mark.parametrize("images", [1280, 1000, 410])
def test_accuracies_that_differ_by_as_many_images_tie_whatever_their_last_bits(images):
    """Of float32; wherever a grid's edges lie."""
    right = np.arange(images // 4, images // 2)
    accuracies = [(right + more).astype("float32") / np.float32(images) for more in (0, 1)]
    found = np.abs(paired_differences(accuracies[1], accuracies[0]))
    assert len(found) == len(right)
    assert len(set(found)) == 1


def test_differences_of_the_last_bits_alone_are_none():
    second = np.linspace(0.3, 0.9, 40)
    found = paired_differences(second.astype("float32"), second)
    assert not found.size
