"""Similarity within and between domains against a loop over pairs."""

import itertools

import numpy as np
import pytest

from dg_keras.analysis import gradient_similarity

GRADIENTS = np.random.default_rng(0).normal(loc=0.5, size=(9, 4))
DOMAINS = ["b", "a", "c", "a", "b", "b", "c", "a", "b"]


def by_loop(gradients, domains):
    """Means of the cosines of single pairs, then means over domains and pairs of domains."""
    cosines = {}
    for i, j in itertools.combinations(range(len(domains)), 2):
        a, b = gradients[i], gradients[j]
        pair = tuple(sorted([domains[i], domains[j]]))
        cosines.setdefault(pair, []).append(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
    means = {pair: np.mean(values) for pair, values in cosines.items()}
    within = [mean for (first, second), mean in means.items() if first == second]
    between = [mean for (first, second), mean in means.items() if first != second]
    return np.mean(within), np.mean(between)


def test_is_that_of_a_loop_over_pairs():
    actual = gradient_similarity(GRADIENTS @ GRADIENTS.T, DOMAINS)
    np.testing.assert_allclose(actual, by_loop(GRADIENTS, DOMAINS), rtol=1e-12)


def test_order_length_and_names_do_not_matter():
    expected = gradient_similarity(GRADIENTS @ GRADIENTS.T, DOMAINS)
    order = np.random.default_rng(1).permutation(9)
    longer = (GRADIENTS * np.arange(1, 10)[:, None])[order]
    renamed = ["bac".index(DOMAINS[i]) for i in order]
    np.testing.assert_allclose(
        gradient_similarity(longer @ longer.T, renamed), expected, rtol=1e-12
    )


def test_opposite_domains_worked_by_hand():
    gradients = np.array([[1, 0], [2, 0], [-3, 0], [-1, 0]])
    assert gradient_similarity(gradients @ gradients.T, [0, 0, 1, 1]) == (1, -1)


def test_a_zero_gradient_has_cosine_zero():
    gradients = np.array([[1, 0], [0, 0], [1, 0], [1, 0]])
    assert gradient_similarity(gradients @ gradients.T, [0, 0, 1, 1]) == (0.5, 0.5)


def test_rounding_below_zero_is_a_zero_gradient():
    gram = np.diag([1.0, -1e-9, 1.0, 1.0])
    assert gradient_similarity(gram, [0, 0, 1, 1]) == (0, 0)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_nan(value):
    gram = np.ones([4, 4])
    gram[0] = gram[:, 0] = value
    assert np.isnan(gradient_similarity(gram, [0, 0, 1, 1])).all()


@pytest.mark.parametrize(
    ("gram", "domains", "message"),
    [
        (np.eye(3), [0, 0, 1, 1], "`gram` must be"),
        (np.eye(4), [0, 0, 0, 0], "at least two domains"),
        (np.eye(3), [0, 0, 1], "at least two samples each"),
    ],
)
def test_wrong_arguments_are_one_sentence(gram, domains, message):
    with pytest.raises(ValueError, match=message):
        gradient_similarity(gram, domains)
