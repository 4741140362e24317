"""From the seed of a model to its end."""

import gc
import threading
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf

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

    def model(self, seed, strategy="mean"):
        made = net()
        keras.utils.set_random_seed(seed)
        return compiled(surgeon(made, strategy))

    def test_choose_the_batches_and_repeat_them(self):
        def trained(seed):
            model = self.model(seed)
            model.fit(domains(), batch_size=4, steps_per_epoch=2, verbose=0)
            return model

        first, again, second = trained(1), trained(1), trained(2)
        assert int(first.seed) == int(again.seed) != int(second.seed)
        assert_same_weights(first, again, tolerance=0)
        assert_moved(copies(first), second)

    def test_choose_the_noise_and_repeat_it(self):
        first, again, second = (self.model(seed, "agr_rand") for seed in (1, 1, 2))
        for model in (first, again, second):
            steps_on(model, *batch(), steps=2)
        assert_same_weights(first, again, tolerance=0)
        assert_moved(copies(first), second)

    def test_differ_between_models(self):
        made = net(), net()
        keras.utils.set_random_seed(1)
        first, second = (surgeon(each) for each in made)
        assert int(first.seed) != int(second.seed)

    def test_are_saved_as_drawn(self, tmp_path):
        model = self.model(1)
        model.save(tmp_path / "model.keras")
        reloaded = keras.saving.load_model(tmp_path / "model.keras")
        assert int(reloaded.seed) == int(model.seed)


@pytest.mark.parametrize("how", [{}, {"jit_compile": False}], ids=str)
def test_a_model_that_nobody_holds_is_freed(how):
    """Many runs in one process take no more memory and threads than one."""
    data = {name: domains()[name] for name in "ab"}
    seen, threads = [], []
    for _ in range(2):
        model = compiled(surgeon(net(), domains=None), **how)
        model.fit(data, batch_size=4, steps_per_epoch=1, verbose=0)
        seen += [weakref.ref(model), weakref.ref(model.net)]
        del model
        gc.collect()
        threads.append(threading.active_count())
    assert [reference() for reference in seen] == [None] * len(seen)
    assert threads[-1] <= threads[0]


class TestExport:
    def test_serves_what_the_model_predicts(self, tmp_path):
        model = compiled(surgeon(net(), domains=None))
        model.fit(domains(), batch_size=4, steps_per_epoch=1, verbose=0)
        model.export(tmp_path / "served", verbose=False)
        x, _ = batch(7)  # the batch dimension is free
        expected = model.predict(x, verbose=0)
        served = tf.saved_model.load(str(tmp_path / "served"))
        np.testing.assert_allclose(served.serve(x), expected, rtol=1e-5)
        layer = keras.layers.TFSMLayer(tmp_path / "served", call_endpoint="serve")
        np.testing.assert_allclose(layer(x), expected, rtol=1e-5)

    def test_needs_no_training(self, tmp_path):
        model = surgeon(net())
        x, _ = batch()
        expected = model.predict(x, verbose=0)
        model.export(tmp_path / "served", verbose=False)
        served = tf.saved_model.load(str(tmp_path / "served"))
        np.testing.assert_allclose(served.serve(x), expected, rtol=1e-5)
