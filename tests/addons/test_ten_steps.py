"""Both Keras come to the same weights, and the file of them is not stale."""

import numpy as np
import pytest

from tests.addons.ten_steps import CASES, REFERENCE, network, trained

OFTEN = [("agr_sum", "empirical_risk"), ("agr_sum", "irm")]
"""Enough to tell that the file is not stale; it takes all to tell that Keras 2 is as exact."""


@pytest.mark.parametrize(
    ("strategy", "objective"),
    [pytest.param(*case, marks=[] if case in OFTEN else pytest.mark.slow) for case in CASES],
)
def test_ten_steps_come_to_the_same_weights(strategy, objective):
    with np.load(REFERENCE) as reference:
        expected = reference[f"{strategy}+{objective}"]
    assert np.abs(trained(strategy, objective) - expected).max() < 1e-5


def test_ten_steps_move_the_weights():
    start = np.concatenate([w.ravel() for w in network().get_weights()])
    with np.load(REFERENCE) as reference:
        for weights in reference.values():
            assert np.abs(weights - start).max() > 1e-3
