"""Infinities and NaNs where the loss is scaled: what a smaller scale mends is no fault."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import dg_keras
from tests.never_silent.vectors import CLASSES, FEATURES, batch, compiled, surgeon
from tests.step.vectors import GRAPH, XLA


class TestLossScaling:
    def model(self, how=GRAPH):
        keras.config.set_dtype_policy("mixed_float16")
        try:
            dense = keras.layers.Dense(CLASSES, dtype="float32")
            layers = [keras.Input((FEATURES,)), keras.layers.Dense(8), dense]
            model = surgeon(keras.Sequential(layers))
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
