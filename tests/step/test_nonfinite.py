"""Infinities and NaNs in training: told or skipped, and never trained on unasked."""

import pickle

import keras
import numpy as np
import pytest

import dg_keras
from tests.never_silent.vectors import batch
from tests.step.vectors import (
    BAD_STEP,
    EAGER,
    EVERY,
    GRADIENT,
    GRAPH,
    LOSS,
    STEPS,
    XLA,
    assert_same,
    fit,
    made,
    state,
    stream,
)

pytestmark = pytest.mark.filterwarnings("ignore:`net` has trainable BatchNorm:UserWarning")

SLOW = pytest.mark.slow
FEW = {
    "empirical_risk",
    "mean",
    "agr_sum",
    "agr_rand",
    "pcgrad",
    "grad_vac",
    "irm",
    "mixup",
    "group_dro",
    "mldg",
}
every = pytest.mark.parametrize(
    ("strategy", "objective", "more"),
    [
        *(pytest.param(*one, {}, marks=[] if set(one) <= FEW else SLOW) for one in EVERY),
        ("agr_rand", "empirical_risk", {"in_turn": True}),
    ],
)


@every
@pytest.mark.parametrize("value", [LOSS, GRADIENT], ids=["loss", "gradient"])
class TestEagerly:
    def test_raise_leaves_the_model_as_it_was_before(self, strategy, objective, more, value):
        model = made(strategy, objective, **more)
        states, _, told = fit(model, stream(value))
        assert_same(state(model), states[BAD_STEP])
        assert told.step == int(model.step) == BAD_STEP
        # Of domains that are mixed, either may meet it first; of all in one pass, none does.
        expected = {None} if strategy == "mean" and value is GRADIENT else {"b"}
        assert told.domain in (expected if objective != "mixup" else {"a", "b"})

    def test_skip_leaves_the_step_out(self, strategy, objective, more, value):
        model = made(strategy, objective, on_nonfinite="skip", **more)
        states, history, _ = fit(model, stream(value))
        assert_same(states[BAD_STEP], states[BAD_STEP + 1])
        assert any((a != b).any() for a, b in zip(states[-1], state(model), strict=True))
        assert history["skipped_steps"] == [1]
        assert (int(model.step), model.skipped_steps) == (STEPS, 1)
        assert all(np.isfinite(values).all() for values in history.values())
        assert all(np.isfinite(value).all() for value in state(model))


class TestWhatIsTold:
    def test_of_a_loss(self):
        _, _, told = fit(made(), stream(np.nan))
        assert str(told) == (
            "Domain 'b' has a loss of nan at step 1, and training stopped with the model as it was "
            "before that step: look at the domain's samples, lower the learning rate or clip the "
            "gradients, or leave such steps out with on_nonfinite='skip'"
        )
        assert np.isnan(told.loss)

    def test_of_a_gradient(self):
        _, _, told = fit(made(), stream(GRADIENT))
        assert str(told).startswith(f"Domain 'b' has a loss of {told.loss:.4g}, and a gradient ")

    @pytest.mark.parametrize("how", [EAGER, GRAPH, XLA], ids=str)
    @pytest.mark.parametrize("bad", ["a", "b"])
    def test_of_a_gradient_where_domains_are_taken_in_one_pass(self, how, bad):
        domains = {name: batch(12, seed) for seed, name in enumerate("ab")}
        domains[bad][0][4 * BAD_STEP + 2, 0] = GRADIENT
        model = made("mean", how=how)
        states, _, told = fit(model, domains, batch_size=4, steps_per_epoch=STEPS)
        assert (told.step, told.domain) == (BAD_STEP, bad)
        assert str(told).startswith(f"Domain {bad!r} has a loss of {told.loss:.4g}, and a gradient")
        assert_same(state(model), states[BAD_STEP])

    def test_what_stopped_training_is_told_where_a_second_look_at_it_fails(self, monkeypatch):
        def fails(*given):
            raise MemoryError("no room for it")

        monkeypatch.setattr("dg_keras.model.gradients_apart", fails)
        domains = {name: batch(12, seed) for seed, name in enumerate("ab")}
        domains["a"][0][2, 0] = GRADIENT
        _, _, told = fit(made("mean"), domains, batch_size=4, steps_per_epoch=STEPS)
        assert (told.step, told.domain) == (0, None)
        (note,) = told.__notes__
        assert note.endswith(f"could not be found out: {MemoryError('no room for it')!r}")

    def test_of_a_learning_rate(self):
        model = made(optimizer=keras.optimizers.SGD(np.inf))
        _, _, told = fit(model, stream())
        assert (told.step, told.domain) == (0, None)
        assert str(told).startswith("The optimizer has a learning rate of inf at step 0, and")

    def test_of_what_a_strategy_makes_of_finite_gradients(self):
        class Divides(dg_keras.strategies.Strategy):
            def merge(self, gradients, step):
                return [g / np.float32(BAD_STEP - int(step)) for g in gradients[0]]

        _, _, told = fit(made(Divides()), stream())
        assert (told.step, told.domain) == (BAD_STEP, None)
        assert str(told).startswith("What the strategy and the weights' regularizers make of")

    def test_of_a_weight_that_an_optimizer_broke(self):
        class Careless(keras.optimizers.SGD):
            def update_step(self, gradient, variable, learning_rate):
                variable.assign(variable / 0.0)

        for policy in ("raise", "skip"):
            model = made(optimizer=Careless(), on_nonfinite=policy)
            _, _, told = fit(model, stream(steps=1))
            assert told.domain is None
            assert str(told).startswith("Weight 'sequential")
            assert "found at step 0" in str(told)

    def test_of_train_on_batch(self):
        x, y = batch(8)
        model = made()
        model.train_on_batch(x, y)
        x[3] = np.inf
        with pytest.raises(dg_keras.NonfiniteError, match="Domain 'b' has a loss of nan at step 1"):
            model.train_on_batch(x, y)

    def test_goes_through_pickle(self):
        error = pickle.loads(pickle.dumps(dg_keras.NonfiniteError("so", 3, "b", np.inf)))
        assert (str(error), error.step, error.domain, error.loss) == ("so", 3, "b", np.inf)


def test_the_model_goes_on_and_is_saved(tmp_path):
    model = made()
    fit(model, stream(LOSS))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for going_on in (model, loaded):
        fit(going_on, stream())
        assert int(going_on.step) == BAD_STEP + STEPS
    assert_same(state(model), state(loaded))


def test_counts_are_saved(tmp_path):
    model = made(on_nonfinite="skip")
    fit(model, stream(LOSS))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert (loaded.on_nonfinite, loaded.skipped_steps) == ("skip", 1)
    loaded.reset_training(seed=1)
    assert loaded.skipped_steps == 0


def test_metrics_are_of_the_steps_that_were_taken():
    def history(policy, data):
        model = made(on_nonfinite=policy, optimizer=keras.optimizers.SGD(0.0))
        model.compile(model.optimizer, model.loss, metrics=["accuracy"], run_eagerly=True)
        return fit(model, data)[1]

    skipping = history("skip", stream(LOSS, BAD_STEP + 1))
    assert skipping.pop("skipped_steps") == [1]
    assert skipping == history("raise", stream(steps=BAD_STEP))


def test_accumulated_gradients_stay():
    optimizer = keras.optimizers.Adam(0.01, gradient_accumulation_steps=2)
    model = made(on_nonfinite="skip", optimizer=optimizer)
    states, _, _ = fit(model, stream(LOSS))
    assert_same(states[BAD_STEP], states[BAD_STEP + 1])


def test_large_gradients_are_no_fault():
    """Their squares overflow; they do not."""
    for how in (EAGER, GRAPH):
        linear = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
        model = dg_keras.DomainGeneralizer(linear, domains=2)
        model.compile(keras.optimizers.SGD(1e-25), "mae", **how)
        x = np.full((6, 1), 1e25, "float32")
        model.fit(x, 0 * x, batch_size=6, shuffle=False, verbose=0)
        assert int(model.step) == 1


def test_ignoring_trains_on():
    model = made(on_nonfinite="ignore")
    _, history, told = fit(model, stream(LOSS))
    assert told is None
    assert np.isnan(history["loss"]).all()
    assert (int(model.step), model.skipped_steps) == (STEPS, 0)
    assert np.isnan(model.net.get_weights()[0]).any()
