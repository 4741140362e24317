"""Infinities and NaNs where the loss is scaled: what a smaller scale mends is no fault."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import dg_keras
from tests.never_silent.vectors import CLASSES, FEATURES, batch, compiled, surgeon
from tests.step.vectors import EVERY, GRAPH, XLA, state


class TestLossScaling:
    def model(self, how=GRAPH, strategy="agr_sum", objective="empirical_risk", **arguments):
        keras.config.set_dtype_policy("mixed_float16")
        keras.utils.set_random_seed(0)  # with some weights IRM's first loss overflows of itself
        try:
            dense = keras.layers.Dense(CLASSES, dtype="float32")
            layers = [keras.Input((FEATURES,)), keras.layers.Dense(8), dense]
            model = surgeon(keras.Sequential(layers), strategy, objective, **arguments)
        finally:
            keras.config.set_dtype_policy("float32")
        return compiled(model, **how)

    @pytest.mark.parametrize("how", [GRAPH, XLA], ids=str)
    def test_an_overflow_is_a_fault_where_no_scale_helps(self, how):
        model = self.model(how)
        x, y = batch(12)
        data = tf.data.Dataset.from_tensors((x, y, np.full(12, 1e8, "float32"))).repeat(20)
        with pytest.raises(dg_keras.NonfiniteError, match="gradient") as told:
            model.fit(data, shuffle=False, verbose=0)
        # The scale begins with 2^15, and is halved in a step each.
        assert told.value.step == int(model.step) == 15
        assert float(model.optimizer.dynamic_scale) == 1.0
        assert int(model.optimizer.iterations) == 0

    def test_a_loss_is_one_at_any_scale(self):
        model = self.model()
        x, y = batch(12)
        x[1] = np.nan
        with pytest.raises(dg_keras.NonfiniteError, match="Domain '1' has a loss of nan at step 0"):
            model.train_on_batch(x, y)
        assert float(model.optimizer.dynamic_scale) == 2.0**15

    @pytest.mark.slow
    @pytest.mark.parametrize(("strategy", "objective"), EVERY)
    def test_an_overflow_is_left_to_the_scale_and_a_loss_is_told(self, strategy, objective):
        model = self.model(GRAPH, strategy, objective)
        x, y = batch(12)
        bad = x.copy()
        bad[1] = np.nan
        weights = np.stack([np.ones(12), 1e6 * np.ones(12), np.ones(12)]).astype("float32")
        data = (np.stack([x, x, bad]), np.stack([y, y, y]), weights)
        with pytest.raises(dg_keras.NonfiniteError, match="has a loss of nan at step 2") as told:
            model.fit(tf.data.Dataset.from_tensor_slices(data), shuffle=False, verbose=0)
        assert told.value.step == int(model.step) == 2
        assert float(model.optimizer.dynamic_scale) == 2.0**14
        assert all(np.isfinite(values).all() for values in state(model))

    @pytest.mark.slow
    @pytest.mark.parametrize("how", [GRAPH, XLA], ids=str)
    @pytest.mark.parametrize(("strategy", "objective"), EVERY)
    def test_an_overflow_is_left_to_the_scale_and_a_loss_is_skipped(self, strategy, objective, how):
        model = self.model(how, strategy, objective, on_nonfinite="skip")
        x, y = batch(12)
        bad = x.copy()
        bad[1] = np.nan
        ones = np.ones(12, "float32")

        def moves(x, weights):
            before = state(model)
            data = tf.data.Dataset.from_tensors((x, y, weights))
            model.fit(data, shuffle=False, verbose=0)
            after = state(model)
            assert all(np.isfinite(values).all() for values in after)
            net = len(model.net.variables)
            remembered = len(model.objective_state) + len(model.strategy_state)
            pairs = list(zip(before, after, strict=True))
            kept = [*pairs[:net], *pairs[len(pairs) - remembered :]]
            return any((a != b).any() for a, b in kept)

        model.fit(x, y, batch_size=12, shuffle=False, verbose=0)
        assert not moves(x, 1e6 * ones)
        assert float(model.optimizer.dynamic_scale) == 2.0**14
        assert not moves(bad, ones)
        assert moves(x, ones)
        assert (int(model.step), model.skipped_steps) == (4, 1)
        assert float(model.optimizer.dynamic_scale) == 2.0**14
