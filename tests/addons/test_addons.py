"""What works beside tensorflow-addons, and what is refused."""

import functools
import re
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow_addons as tfa

import dg_keras
from dg_keras.strategies.get import BY_NAME
from tests.addons.ten_steps import adamw, compiled, images, network


def fit(model, **arguments):
    return model.fit(images(), batch_size=8, steps_per_epoch=1, verbose=0, **arguments)


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


def test_the_pages_example_works_when_pasted():
    (code,) = re.findall(
        r"```python\n(.*?)```", Path("docs/addons.md").read_text("utf-8"), re.DOTALL
    )
    names = {}
    exec(code.replace("epochs=2)", "epochs=1, steps_per_epoch=2, verbose=0)"), names)
    assert isinstance(names["model"].optimizer, tfa.optimizers.AdamW)
    assert int(names["model"].step) == 2


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


class Subclassed(keras.Model):
    """Has its weights once it is called, one of them with a regularizer."""

    def __init__(self):
        super().__init__()
        self.flatten = keras.layers.Flatten()
        self.dense = keras.layers.Dense(8, kernel_regularizer=keras.regularizers.L2(1e-3))

    def call(self, x):
        return self.dense(self.flatten(x) / 255)


@pytest.mark.parametrize(
    ("net", "name"),
    [(Subclassed, "Subclassed"), (lambda: keras.Sequential([keras.layers.Dense(8)]), "Sequential")],
)
def test_a_network_without_weights_is_told(net, name):
    with pytest.raises(ValueError, match=f"`net` must be built: .*Received: {name} "):
        fit(compiled("agr_sum", net=net()))


def test_a_subclassed_network_that_was_called_has_its_regularizers():
    net = Subclassed()
    net(np.zeros((1, 32, 32, 3)))
    model = compiled("agr_sum", optimizer=keras.optimizers.SGD(0.0), net=net)
    logs = fit(model).history
    own = np.mean([logs[f"loss/{name}"][0] for name in images()])
    penalty = 1e-3 * float((net.dense.kernel.numpy() ** 2).sum())
    assert logs["loss"][0] == pytest.approx(own + penalty, rel=1e-5)
    assert penalty > 1e-3


@pytest.mark.parametrize("hands_on", [True, False])
def test_a_loss_of_one_s_own(hands_on):
    class Own(dg_keras.DomainGeneralizer):
        def compute_loss(self, x, y, y_pred, sample_weight=None, training=True):
            how = {"training": training} if hands_on else {}
            return 2.0 * super().compute_loss(x, y, y_pred, sample_weight, **how)

    def history(model):
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.0), loss)
        data = {name: domain for name, domain in images().items()}
        return fit(model, validation_data=data).history, model.evaluate(data, verbose=0)[0]

    logs, value = history(Own(network(), "agr_sum", seed=5))
    plain, plain_value = history(dg_keras.DomainGeneralizer(network(), "agr_sum", seed=5))
    assert logs["loss/photo"][0] == pytest.approx(2 * plain["loss/photo"][0], rel=1e-5)
    assert logs["val_loss"][0] == pytest.approx(value, rel=1e-5)
    # Keras counts what it takes of the data itself, be it here or there.
    assert value == pytest.approx(plain_value, rel=1e-5)


def test_what_layers_add_for_the_data_is_no_regularizer_of_a_weight():
    class Adds(keras.layers.Dense):
        def build(self, shape):
            super().build(shape)
            self.add_loss(
                functools.partial(
                    lambda w, factor: factor * 1e6 * w[0, 0] ** 2, self.kernel, factor=0.0
                )
            )

    shape = (32, 32, 3)
    flat = [keras.Input(shape), keras.layers.Rescaling(1 / 255), keras.layers.Flatten()]
    model = compiled(
        "mean", optimizer=keras.optimizers.SGD(0.0), net=keras.Sequential([*flat, Adds(8)])
    )
    logs = fit(model).history
    assert logs["loss"][0] == pytest.approx(
        np.mean([logs[f"loss/{n}"][0] for n in images()]), rel=1e-5
    )


def test_averages_leave_the_history():
    averaging = dg_keras.callbacks.WeightAveraging(images(), every=1)
    logs = fit(compiled("agr_sum"), callbacks=[averaging]).history
    assert "loss/photo" in logs


def test_a_compiled_loss_stays_as_it_was():
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model = dg_keras.DomainGeneralizer(network(), "agr_sum")
    model.compile("sgd", loss)
    assert loss.reduction == "auto"


def test_a_class_may_have_an_attribute_that_keras_3_has():
    class Mine(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self._non_trainable_variables = ["mine"]

    assert Mine()._non_trainable_variables == ["mine"]


def test_weights_are_loaded_into_a_model_that_has_not_begun(tmp_path):
    model = compiled("grad_vac")
    fit(model)
    model.save_weights(tmp_path / "model.weights.h5")
    other = dg_keras.DomainGeneralizer(network(), "grad_vac", domains=list(images()), seed=1)
    other.compile(adamw(), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    other.load_weights(tmp_path / "model.weights.h5")
    assert int(other.optimizer.iterations) == int(other.step) == 1
    assert int(other.seed) == 5
    np.testing.assert_array_equal(
        other.strategy_state["similarity"], model.strategy_state["similarity"]
    )


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
            fit(compiled("agr_sum"), callbacks=[backup])

    def test_a_schedule_in_an_optimizer_of_addons(self):
        schedule = keras.optimizers.schedules.CosineDecay(1e-3, 10)
        with pytest.raises(NotImplementedError, match="Keras 3 for a schedule"):
            compiled("agr_sum", optimizer=adamw(schedule, 0.0))

    @pytest.mark.parametrize("name", ["model", "model.h5"])
    def test_formats_that_forget_the_step(self, name, tmp_path):
        model = compiled("agr_sum")
        with pytest.raises(ValueError, match=r"`filepath` must end in \.keras\. Received: "):
            model.save(tmp_path / name)
        with pytest.raises(ValueError, match=r"`filepath` must end in \.weights\.h5\. Received: "):
            model.save_weights(tmp_path / name)

    def test_an_optimizer_without_a_rate(self):
        with pytest.raises(NotImplementedError, match="Keras 3 for COCOB, which has no learning"):
            compiled("agr_sum", optimizer=tfa.optimizers.COCOB())

    def test_a_layer_in_mixed_precision(self):
        head = keras.layers.Dense(8, dtype="mixed_bfloat16")
        net = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Flatten(), head])
        with pytest.raises(NotImplementedError, match="Keras 3 for mixed_bfloat16"):
            compiled("agr_sum", net=net)

    def test_the_comparison(self):
        command = [sys.executable, "-m", "dg_keras", "run", "smoke"]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 2
        assert done.stderr.splitlines()[-1] == (
            "python -m dg_keras run: The comparison takes Keras 3. Received: Keras 2"
        )

    def test_what_else_needs_keras_3(self):
        with pytest.raises(NotImplementedError, match="Keras 3 for GradientAgreement"):
            dg_keras.callbacks.GradientAgreement(images())
        with pytest.raises(NotImplementedError, match="Keras 3 for SharedBackup"):
            dg_keras.callbacks.SharedBackup("backup", None)
        with pytest.raises(NotImplementedError, match="Keras 3 for split"):
            dg_keras.backbones.split(network(), "flatten")
        with pytest.raises(NotImplementedError, match="Keras 3 for GradientGram"):
            dg_keras.analysis.GradientGram(network())
