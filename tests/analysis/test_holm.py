"""Holm's adjustment against examples worked by hand and the step-down procedure itself."""

import numpy as np
import pytest

from dg_keras.analysis import holm


@pytest.mark.parametrize(
    ("p_values", "adjusted"),
    [
        # Wikipedia's example of the Holm-Bonferroni method: H1 and H4 are rejected at 0.05.
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
        ([0.02], [0.02]),
        ([0.4, 0.6, 0.001], [0.8, 0.8, 0.003]),
        ([0.9, 0.8], [1, 1]),
        ([0.02, 0.02, 0.02], [0.06, 0.06, 0.06]),
        ([], []),
    ],
)
def test_is_worked_by_hand(p_values, adjusted):
    np.testing.assert_allclose(holm(p_values), adjusted)


def rejected_by_steps(p_values, alpha):
    """Holm's procedure: reject from the smallest on while p <= alpha / (hypotheses left)."""
    rejected = np.zeros(len(p_values), bool)
    for left, i in zip(range(len(p_values), 0, -1), np.argsort(p_values), strict=True):
        if p_values[i] * left > alpha:
            break
        rejected[i] = True
    return rejected


def test_decides_as_the_procedure_does():
    rng = np.random.default_rng(0)
    for _ in range(50):
        p_values, alpha = rng.beta(0.3, 2, size=7), rng.uniform(0.01, 0.3)
        np.testing.assert_array_equal(holm(p_values) <= alpha, rejected_by_steps(p_values, alpha))


@pytest.mark.parametrize("p_values", [[0.5, 1.1], [-0.1], [np.nan], [[0.1]], 0.1])
def test_what_is_no_p_value_is_one_sentence(p_values):
    with pytest.raises(ValueError, match="from 0 to 1"):
        holm(p_values)
