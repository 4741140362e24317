"""What works beside tensorflow-addons, and what is refused."""

import re
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow_addons as tfa

import dg_keras
from dg_keras.strategies.get import BY_NAME
from tests.addons.ten_steps import adamw, compiled, images, network


def difference(one, other):
    return max(np.abs(a - b).max() for a, b in zip(one, other, strict=True))


@pytest.fixture(scope="module")
def example():
    """The README's first example, in two halves: with a strategy, and what follows."""
    text = Path("README.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(import dg_keras.*?)```", text, re.DOTALL)[1]
    code = code.replace("keras.optimizers.AdamW(3e-4)", "adamw(3e-4)")
    code = code.replace("epochs=2)", "epochs=1, steps_per_epoch=2, verbose=0)")
    assert code.count("adamw(3e-4)") == code.count("steps_per_epoch") == 1
    return code


@pytest.mark.parametrize("strategy", BY_NAME)
def test_the_example_trains_saves_and_loads(example, strategy, tmp_path):
    code = example.replace('strategy="agr_sum"', f"strategy={strategy!r}")
    code = code.replace("travels.keras", str(tmp_path / "travels.keras"))
    names = {"adamw": adamw}
    exec(code, names)
    model, held_out = names["model"], names["images"].test
    assert isinstance(model.optimizer, tfa.optimizers.AdamW)
    assert int(model.step) == int(model.optimizer.iterations) == 2
    plain = keras.models.load_model(tmp_path / "travels.keras")
    x = next(iter(held_out))[0]
    np.testing.assert_array_equal(plain.predict(x, verbose=0), model.predict(x, verbose=0))


@pytest.mark.parametrize(
    "optimizer",
    [adamw, lambda: keras.optimizers.Adam(1e-3), lambda: keras.optimizers.legacy.Adam(1e-3)],
    ids=["addons", "new", "legacy"],
)
@pytest.mark.parametrize("strategy", ["agr_rand", "grad_vac"])
def test_a_reloaded_model_goes_on_as_one_never_saved(strategy, optimizer, tmp_path):
    def fit(model):
        model.fit(images(), batch_size=8, steps_per_epoch=3, verbose=0)
        return model

    unbroken = fit(fit(compiled(strategy, optimizer=optimizer())))
    fit(compiled(strategy, optimizer=optimizer())).save(tmp_path / "half.keras")
    again = fit(keras.models.load_model(tmp_path / "half.keras"))
    assert difference(unbroken.get_weights(), again.get_weights()) == 0
    assert int(again.optimizer.iterations) == int(again.step) == 6


def test_a_model_is_loaded_without_its_optimizer(tmp_path):
    model = compiled("agr_sum")
    model.fit(images(), batch_size=8, steps_per_epoch=1, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", compile=False)
    assert difference(model.get_weights(), loaded.get_weights()) == 0


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: tfa.optimizers.LAMB(1e-3),
        lambda: tfa.optimizers.SGDW(weight_decay=1e-5, learning_rate=1e-3),
        lambda: tfa.optimizers.Lookahead(adamw()),
    ],
    ids=["LAMB", "SGDW", "Lookahead"],
)
def test_other_optimizers(optimizer):
    net = network()
    before = net.get_weights()
    model = compiled("pcgrad", optimizer=optimizer(), net=net)
    history = model.fit(images(), batch_size=8, steps_per_epoch=3, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    assert difference(before, net.get_weights()) > 1e-6


def test_weight_normalization():
    shape = (32, 32, 3)
    dense = tfa.layers.WeightNormalization(keras.layers.Dense(8), data_init=False)
    net = keras.Sequential([keras.Input(shape), keras.layers.Flatten(), dense])
    model = dg_keras.DomainGeneralizer(net, "agr_sum", seed=5)
    model.compile(
        optimizer=adamw(1e-4),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    history = model.fit(images(), batch_size=8, steps_per_epoch=2, verbose=0).history
    assert {"loss/cartoon", "loss/clipart", "loss/photo"} < set(history)


@pytest.mark.parametrize("how", [{"jit_compile": True}, {"steps_per_execution": 3}])
def test_the_step_may_be_compiled_and_several_taken_at_once(how):
    def weights(**arguments):
        model = dg_keras.DomainGeneralizer(network(), "agr_sum", seed=5)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(1e-3), loss, **arguments)
        model.fit(images(), batch_size=8, steps_per_epoch=3, verbose=0)
        return model.get_weights()

    assert difference(weights(), weights(**how)) < 1e-5


def test_in_turn_is_the_same_step():
    def weights(in_turn):
        model = dg_keras.DomainGeneralizer(network(), "agr_sum", seed=5, in_turn=in_turn)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(1e-3), loss)
        model.fit(images(), batch_size=8, steps_per_epoch=3, verbose=0)
        return model.get_weights()

    assert difference(weights(False), weights(True)) < 1e-6


def test_the_logged_loss_is_that_of_the_domains_and_the_regularizers():
    model = compiled("mean", optimizer=keras.optimizers.SGD(0.0))
    logs = model.fit(images(), batch_size=8, steps_per_epoch=1, verbose=0).history
    own = [logs[f"loss/{name}"][0] for name in images()]
    kernel = model.net.layers[-1].kernel
    penalty = 1e-2 * float((kernel.numpy() ** 2).sum())
    assert logs["loss"][0] == pytest.approx(np.mean(own) + penalty, rel=1e-6)


def test_a_loss_that_is_nan_stops_training():
    net = network()
    net.set_weights([w + np.nan for w in net.get_weights()])
    with pytest.raises(dg_keras.NonfiniteError, match="infinite or NaN"):
        compiled("agr_sum", net=net).fit(images(), batch_size=8, steps_per_epoch=1, verbose=0)


def test_source_selection_keeps_the_best_weights():
    selection = dg_keras.callbacks.SourceSelection(images(), every=1, mode="max")
    model = compiled("agr_sum")
    model.fit(images(), batch_size=8, steps_per_epoch=3, verbose=0, callbacks=[selection])
    assert selection.best_step in (1, 2, 3)


class TestRefused:
    def fit(self, model, **arguments):
        model.fit(images(), batch_size=8, steps_per_epoch=1, verbose=0, **arguments)

    @pytest.mark.parametrize("objective", ["mldg", "coral", "mmd", "fishr", "rsc"])
    def test_objectives(self, objective):
        name = type(dg_keras.objectives.get(objective)).__name__
        with pytest.raises(NotImplementedError, match=f"Keras 3 for the objective {name}. Rec"):
            compiled("agr_sum", objective)

    def test_mixed_precision(self):
        keras.mixed_precision.set_global_policy("mixed_float16")
        try:
            with pytest.raises(NotImplementedError, match="Keras 3 for mixed_float16"):
                compiled("agr_sum")
        finally:
            keras.mixed_precision.set_global_policy("float32")

    def test_a_backup_inside_of_training(self, tmp_path):
        backup = keras.callbacks.BackupAndRestore(tmp_path)
        with pytest.raises(NotImplementedError, match="Keras 3 for BackupAndRestore"):
            self.fit(compiled("agr_sum"), callbacks=[backup])

    def test_a_schedule_in_an_optimizer_of_addons(self):
        schedule = keras.optimizers.schedules.CosineDecay(1e-3, 10)
        with pytest.raises(NotImplementedError, match="Keras 3 for a schedule"):
            compiled("agr_sum", optimizer=adamw(schedule, 0.0))

    def test_looks_at_gradients(self):
        with pytest.raises(NotImplementedError, match="Keras 3 for GradientAgreement"):
            dg_keras.callbacks.GradientAgreement(images())
        with pytest.raises(NotImplementedError, match="Keras 3 for GradientGram"):
            dg_keras.analysis.GradientGram(network())
