"""The test of significance against SciPy's and against enumeration."""

import itertools

import numpy as np
import pytest
import scipy.stats

from dg_keras.analysis import paired_test, smallest_p


def by_enumeration(differences):
    """The share of all sign patterns whose smaller rank sum is at most the observed one."""
    ranks = scipy.stats.rankdata(np.abs(differences))

    def smaller_sum(signs):
        positive = ranks[np.asarray(signs) > 0].sum()
        return min(positive, ranks.sum() - positive)

    observed = smaller_sum(np.sign(differences))
    patterns = list(itertools.product([-1, 1], repeat=len(ranks)))
    return np.mean([smaller_sum(pattern) <= observed + 1e-9 for pattern in patterns])


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
    actual = paired_test(np.array(differences, float), np.zeros(len(differences)))
    assert actual == pytest.approx(by_enumeration(np.array(differences, float)))


def test_is_scipys_without_ties():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 20))
    assert paired_test(first, second) == pytest.approx(scipy.stats.wilcoxon(first, second).pvalue)


def test_pairs_without_a_difference_count_for_nothing():
    assert paired_test([0.5, 0.5, 0.5], [0.5, 0.5, 0.5]) == 1
    assert paired_test([1, 2, 3, 9], [0, 0, 0, 9]) == paired_test([1, 2, 3], [0, 0, 0])


def test_accuracies_that_differ_by_as_many_images_tie():
    # 0.3 - 0.2 and 0.4 - 0.3 differ in their last bits.
    tied = paired_test([0.3, 0.4, 0.9], [0.2, 0.3, 0.1])
    assert tied == pytest.approx(by_enumeration(np.array([0.1, 0.1, 0.8])))


@pytest.mark.parametrize("pairs", [1, 3, 6, 10])
def test_the_smallest_p_is_that_of_one_direction(pairs):
    assert paired_test(np.arange(1.0, pairs + 1), np.zeros(pairs)) == pytest.approx(
        smallest_p(pairs)
    )


@pytest.mark.parametrize(("first", "second"), [([], []), ([1.0], [1.0, 2.0])])
def test_unpaired_results_are_one_sentence(first, second):
    with pytest.raises(ValueError, match="as many results each"):
        paired_test(first, second)
