"""From the seed of a model to its end."""

import gc
import threading
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf

import dg_keras
from tests.never_silent.vectors import (
    assert_moved,
    assert_same_weights,
    batch,
    compiled,
    copies,
    domains,
    net,
    steps_on,
    surgeon,
)


class TestSeedsOfKeras:
    """`keras.utils.set_random_seed` rules all that no seed was given for."""

    def trained(self, seed, strategy="mean", on=None):
        made = net()
        keras.utils.set_random_seed(seed)
        model = compiled(surgeon(made, strategy))
        if on is None:
            model.fit(domains(), batch_size=4, steps_per_epoch=2, verbose=0)
        else:
            steps_on(model, *on, steps=2)
        return model

    def test_differ(self):
        assert int(self.trained(1).seed) != int(self.trained(2).seed)

    def test_choose_the_batches(self):
        assert_moved(copies(self.trained(1)), self.trained(2))

    def test_choose_the_noise(self):
        first, second = (self.trained(seed, "agr_rand", on=batch()) for seed in (1, 2))
        assert_moved(copies(first), second)

    @pytest.mark.parametrize("strategy", ["mean", "agr_rand"])
    def test_repeat(self, strategy):
        assert_same_weights(self.trained(1, strategy), self.trained(1, strategy), tolerance=0)

    def test_differ_between_models(self):
        keras.utils.set_random_seed(1)
        assert int(surgeon(net()).seed) != int(surgeon(net(seed=1)).seed)

    def test_are_saved_as_drawn(self, tmp_path):
        model = self.trained(1)
        model.save(tmp_path / "model.keras")
        reloaded = keras.saving.load_model(tmp_path / "model.keras")
        assert int(reloaded.seed) == int(model.seed)


class TestEnd:
    def fitted(self, how, **arguments):
        model = compiled(surgeon(net(), domains=None, **arguments), **how)
        model.fit(domains(), batch_size=4, steps_per_epoch=2, verbose=0)
        return model

    @pytest.mark.parametrize("how", [{}, {"jit_compile": False}], ids=str)
    @pytest.mark.parametrize("in_turn", [False, True])
    def test_a_model_that_nobody_holds_is_freed(self, how, in_turn):
        seen = []
        for _ in range(3):
            model = self.fitted(how, in_turn=in_turn)
            seen += [weakref.ref(model), weakref.ref(model.net)]
            del model
        gc.collect()
        assert [reference() for reference in seen] == [None] * len(seen)

    def test_runs_leave_no_threads(self):
        def threads():
            gc.collect()
            return threading.active_count()

        self.fitted({})
        before = threads()
        for _ in range(10):
            self.fitted({})
        assert threads() <= before


class TestExport:
    @pytest.mark.parametrize("strategy", ["mean", "agr_sum"])
    def test_serves_what_the_model_predicts(self, tmp_path, strategy):
        model = compiled(surgeon(net(), strategy, domains=None))
        model.fit(domains(), batch_size=4, steps_per_epoch=1, verbose=0)
        model.export(tmp_path / "served", verbose=False)
        x, _ = batch()
        served = tf.saved_model.load(str(tmp_path / "served"))
        expected = model.predict(x, verbose=0)
        np.testing.assert_allclose(served.serve(x), expected, rtol=1e-5)

    def test_is_a_layer(self, tmp_path):
        model = dg_keras.DomainGeneralizer(net())
        model.export(tmp_path / "served", verbose=False)
        x, _ = batch(7)  # the batch dimension is free
        layer = keras.layers.TFSMLayer(tmp_path / "served", call_endpoint="serve")
        np.testing.assert_allclose(layer(x), model.predict(x, verbose=0), rtol=1e-5)
