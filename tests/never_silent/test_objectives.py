"""What objectives do at their limits."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dg_keras import objectives
from tests.never_silent.vectors import (
    assert_moved,
    assert_same_weights,
    batch,
    compiled,
    copies,
    net,
    steps_on,
    surgeon,
)


def test_irm_may_change_before_the_first_step():
    def trained(anneal_steps, penalty_weight, **how):
        objective = objectives.IRM(penalty_weight, anneal_steps)
        model = surgeon(net(), "mean", objective)
        compiled(model, optimizer=keras.optimizers.Adam(0.01), **how)
        before = copies(model)
        steps_on(model, *batch(), steps=2)
        assert_moved(before, model)
        assert int(model.optimizer.iterations) == 2
        return model

    # Lambda is 7 from the start, as it would be 1.
    assert_same_weights(trained(0, 1.0), trained(9, 100.0))
    changed = trained(0, 7.0)
    assert_moved(copies(trained(0, 1.0)), changed)
    assert_same_weights(changed, trained(0, 7.0, jit_compile=False))


class TestMldg:
    def test_steps_as_a_fresh_adam_of_torch_does(self):
        """Rate * g / (|g| + epsilon): epsilon beside the corrected moment, and 1e-8."""
        rate, gradient = 0.1, tf.constant([1e-6, -1e-6, 1e-8, 0.0, 3.0])
        stepped, beta = objectives.MLDG().second_point([tf.zeros(5)], [gradient], rate)
        expected = [-0.1 / 1.01, 0.1 / 1.01, -0.05, 0.0, -0.1]
        np.testing.assert_allclose(stepped[0], expected, rtol=1e-5)
        assert beta == 1.0

    def test_takes_another_epsilon(self):
        objective = objectives.MLDG(epsilon=1e-6)
        stepped, _ = objective.second_point([tf.ones(1)], [tf.constant([1e-6])], 0.1)
        np.testing.assert_allclose(stepped[0], [0.95], rtol=1e-5)
        assert objective.get_config()["epsilon"] == 1e-6

    @pytest.mark.parametrize("epsilon", [-1e-8, float("nan"), "small"])
    def test_takes_no_epsilon_below_zero(self, epsilon):
        with pytest.raises(ValueError, match="`epsilon` must be"):
            objectives.MLDG(epsilon=epsilon)
