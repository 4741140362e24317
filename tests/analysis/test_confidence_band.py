"""The band against the table of Student's t, SciPy's interval, and how often it holds."""

import numpy as np
import pytest
import scipy.stats

from dg_keras.analysis import confidence_band


def test_is_worked_by_hand():
    # Standard error 1 / sqrt(3); the 97.5 % quantile of t with 2 degrees of freedom is 4.3027.
    mean, lower, upper = confidence_band([[1.0, 7.0], [2.0, 7.0], [3.0, 7.0]])
    np.testing.assert_allclose(mean, [2, 7])
    np.testing.assert_allclose(upper - mean, [4.302653 / np.sqrt(3), 0], rtol=1e-6)
    np.testing.assert_allclose(mean - lower, upper - mean)


def test_is_scipys_interval():
    values = np.random.default_rng(0).normal(size=(8, 5))
    expected = scipy.stats.ttest_1samp(values, 0).confidence_interval(0.9)
    _, lower, upper = confidence_band(values, level=0.9)
    np.testing.assert_allclose([lower, upper], [expected.low, expected.high])


def test_holds_the_true_mean_as_often_as_it_says():
    values = np.random.default_rng(0).normal(loc=3, size=(4, 20_000))
    _, lower, upper = confidence_band(values, level=0.8)
    assert np.mean((lower < 3) & (upper > 3)) == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize(
    ("values", "level", "message"),
    [
        ([1.0, 2.0], 0.95, r"`values` must be \[trials, points\]"),
        ([[1.0, 2.0]], 0.95, "at least two trials"),
        ([[1.0], [2.0]], 95, "`level` must be between 0 and 1"),
    ],
)
def test_wrong_arguments_are_one_sentence(values, level, message):
    with pytest.raises(ValueError, match=message):
        confidence_band(values, level)
