"""A gain's interval against another computation of it, and where there is little to compute."""

import numpy as np
import pytest
import scipy.stats

from dg_keras.benchmark.report.gain import Gain


def normal(pairs, seed=0, mean=0.02):
    """Accuracies of both, whose differences are normal with a standard deviation of 0.03."""
    draws = np.random.default_rng(seed)
    baselines = draws.normal(0.6, 0.05, pairs)
    return baselines + draws.normal(mean, 0.03, pairs), baselines


def gain_of(ours, baselines):
    return Gain.of_each({None: (ours, baselines)})[None]


@pytest.mark.parametrize("pairs", [5, 20])
def test_the_interval_is_the_percentile_bootstraps(pairs):
    ours, baselines = normal(pairs)
    gain = gain_of(ours, baselines)
    draws = np.random.default_rng(1)
    means = draws.choice(ours - baselines, (200_000, pairs)).mean(axis=1)
    error = 0.05 * 0.03 / np.sqrt(pairs)  # of a quantile of 9,999 draws: twice its deviation
    assert gain.pairs == pairs
    assert gain.mean == pytest.approx((ours - baselines).mean(), abs=1e-7)
    assert (gain.low, gain.high) == pytest.approx(np.quantile(means, [0.025, 0.975]), abs=error)


def test_of_twenty_pairs_the_interval_holds_the_true_gain_about_as_often_as_it_says():
    gains = [gain_of(*normal(20, seed)) for seed in range(300)]
    held = np.mean([gain.low <= 0.02 <= gain.high for gain in gains])
    # The bootstrap's own shortfall is two points, three deviations of 300 draws are four.
    assert 0.89 <= held <= 0.98


def test_the_baselines_gain_over_a_method_is_the_opposite():
    ours, baselines = normal(7)
    gain, loss = gain_of(ours, baselines), gain_of(baselines, ours)
    assert (loss.mean, loss.low, loss.high) == pytest.approx((-gain.mean, -gain.high, -gain.low))


def test_of_many_gains_each_is_what_it_is_alone():
    draws = np.random.default_rng(0)
    # Accuracies of images that are counted, whose means tie where they are rounded.
    compared = {
        (pairs, i): draws.integers(300, size=(2, pairs)) / 300
        for i in range(9)
        for pairs in (20, 10, 6, 4, 1)
    }
    assert Gain.of_each(compared) == {key: gain_of(*both) for key, both in compared.items()}


@pytest.mark.parametrize("pairs", [2, 20, 300])  # of 300 not all is drawn at once
def test_the_interval_is_that_of_scipys_bootstrap_of_the_mean(pairs):
    ours, baselines = normal(pairs)
    interval = scipy.stats.bootstrap(
        (ours - baselines,),
        np.mean,
        n_resamples=9_999,
        method="percentile",
        random_state=np.random.default_rng(0),
    ).confidence_interval
    gain = gain_of(ours, baselines)
    assert (gain.low, gain.high) == pytest.approx(interval, abs=1e-7)


def test_a_gain_is_the_same_each_time():
    assert gain_of(*normal(20)) == gain_of(*normal(20))


def test_a_single_pair_has_no_interval():
    gain = gain_of([0.6], [0.5])
    assert (gain.pairs, gain.mean, gain.low, gain.high) == (1, 0.1, None, None)
    assert gain.excludes_zero is None


@pytest.mark.parametrize("pairs", [2, 3, 20])
@pytest.mark.parametrize("difference", [0, 0.1])
def test_equal_differences_are_their_own_interval(pairs, difference):
    baselines = np.linspace(0.3, 0.7, pairs)
    gain = gain_of(baselines + difference, baselines)
    assert (gain.mean, gain.low, gain.high) == (difference, difference, difference)
    assert gain.excludes_zero is (None if pairs < 6 else difference > 0)


def test_two_pairs_have_their_range_for_an_interval():
    gain = gain_of([0.6, 0.8], [0.5, 0.5])
    assert (gain.mean, gain.low, gain.high) == (0.2, 0.1, 0.3)


def test_what_sums_of_floats_leave_is_no_gain():
    baselines = np.full(20, 0.1 + 0.2)
    assert gain_of(np.full(20, 0.3), baselines) == Gain(20, 0.0, 0.0, 0.0)
    assert gain_of(np.full(20, 0.3), baselines).excludes_zero is False


@pytest.mark.parametrize(("pairs", "told"), [(5, None), (6, True)])
def test_whether_zero_is_excluded_takes_as_many_pairs_as_a_test(pairs, told):
    ours = np.linspace(0.6, 0.7, pairs)
    assert gain_of(ours, np.full(pairs, 0.5)).excludes_zero is told
    assert gain_of(np.full(pairs, 0.5), ours).excludes_zero is told


def test_a_gain_is_written_in_percent_points():
    gain = Gain(20, 0.0114, -0.0004, 0.032)
    assert str(gain) == "+1.1 (+0.0, +3.2)"
    assert (gain.mean_points(2), gain.interval_points(2)) == ("+1.14", "(-0.04, +3.20)")
    assert str(Gain(1, -0.0114, None, None)) == "-1.1"
