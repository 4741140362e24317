"""Infinities and NaNs in training: told, skipped or ignored, and never trained on unasked."""

import itertools
import pickle
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import dg_keras
from tests.never_silent.vectors import CLASSES, FEATURES, batch, compiled, surgeon

BAD_STEP = 2
STRATEGIES = ["mean", "agr_sum", "agr_rand", "pcgrad"]
OBJECTIVES = ["empirical_risk", "irm", "mixup", "group_dro", "mldg"]
EAGER, GRAPH, XLA = {"run_eagerly": True}, {"jit_compile": False}, {"jit_compile": True}


@keras.saving.register_keras_serializable(package="tests")
class Exploding(keras.layers.Layer):
    """Passes vectors on; where one begins with 7, the gradient of its own weight is NaN."""

    def build(self, shape):
        self.factor = self.add_weight(shape=(shape[-1],), initializer="ones", name="factor")
        self.seen = self.add_weight(shape=(), initializer="zeros", trainable=False, name="seen")

    def call(self, x):
        explodes = tf.reduce_any(x[:, 0] == 7.0)

        @tf.custom_gradient
        def passed(x, factor):
            def back(upstream):
                bad = tf.where(explodes, tf.constant(np.nan, x.dtype), tf.zeros([], x.dtype))
                return upstream, tf.reduce_sum(upstream * x, axis=0) + bad

            return x * factor, back

        self.seen.assign_add(tf.cast(tf.reduce_mean(x), self.seen.dtype))
        return passed(x, tf.convert_to_tensor(self.factor))


def net(seed=0):
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input((FEATURES,)),
            Exploding(),
            keras.layers.Dense(6),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(CLASSES),
        ]
    )


def made(strategy="agr_sum", objective="empirical_risk", how=EAGER, optimizer=None, **arguments):
    arguments = {"domains": ["a", "b", "c"], "seed": 3, **arguments}
    model = surgeon(net(), strategy, objective, **arguments)
    return compiled(model, optimizer=optimizer or keras.optimizers.Adam(0.01), **how)


def stream(values, steps=5):
    """Interleaved batches; at `BAD_STEP`, a sample of domain b begins with a value of these."""

    x, y = (np.stack(parts) for parts in zip(*(batch(12, seed=s) for s in range(steps)), strict=True))
    x[BAD_STEP:, 4, 0][:1] = values
    return tf.data.Dataset.from_tensor_slices((x, y))


def state(model):
    """All that a step may change, but for the seeds of what draws."""
    values = [*model.weights, *model.optimizer.variables]
    return [v.numpy() for v in values] + list(model.objective_state.values())


def assert_same(first, second):
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


def fit(model, data, **arguments):
    return model.fit(data, shuffle=False, verbose=0, **arguments)


ignoring_batch_norm = pytest.mark.filterwarnings("ignore:`net` has trainable BatchNorm:UserWarning")
pytestmark = ignoring_batch_norm

WAYS = [
    # Each strategy and each objective eagerly, and each way of taking a step in graphs.
    *itertools.product(STRATEGIES, ["empirical_risk"], [EAGER], [{}]),
    *itertools.product(["agr_sum"], OBJECTIVES[1:], [EAGER], [{}]),
    ("mean", "empirical_risk", GRAPH, {}),
    ("agr_rand", "mldg", GRAPH, {}),
    ("agr_sum", "empirical_risk", GRAPH, {"in_turn": True}),
    ("agr_sum", "empirical_risk", GRAPH, {"compile_update": True}),
    ("agr_sum", "empirical_risk", XLA, {}),
    ("pcgrad", "mldg", XLA, {}),
    ("mean", "empirical_risk", XLA, {"in_turn": True}),
    ("agr_sum", "group_dro", {**GRAPH, "steps_per_execution": 5}, {}),
]


class TestRaise:
    @pytest.mark.parametrize(("strategy", "objective", "how", "more"), WAYS, ids=str)
    @pytest.mark.parametrize("value", [np.nan, 7.0], ids=["loss", "gradient"])
    def test_leaves_the_model_as_it_was_before(self, strategy, objective, how, more, value):
        model = made(strategy, objective, how, **more)
        with pytest.raises(dg_keras.NonfiniteError) as told:
            fit(model, stream(value))
        assert told.value.step == int(model.step.numpy()) == BAD_STEP
        assert told.value.domain is not None
        until = made(
            strategy, objective, how if "steps_per_execution" not in how else GRAPH, **more
        )
        fit(until, stream(value, steps=BAD_STEP))
        assert_same(state(model), state(until))

    @pytest.mark.parametrize("how", [EAGER, GRAPH, XLA], ids=str)
    @pytest.mark.parametrize("strategy", ["mean", "agr_sum"])
    def test_names_the_domain_and_its_loss(self, strategy, how):
        model = made(strategy, how=how)
        with pytest.raises(dg_keras.NonfiniteError) as told:
            fit(model, stream(np.nan))
        assert str(told.value) == (
            "Domain 'b' has a loss of nan at step 2, and training stopped with the model as it was "
            "before that step: look at the domain's samples, lower the learning rate or clip the "
            "gradients, or leave such steps out with on_nonfinite='skip'"
        )
        assert told.value.domain == "b"
        assert np.isnan(told.value.loss)

    def test_names_the_domain_whose_gradient_it_is(self):
        model = made(how=GRAPH)
        with pytest.raises(
            dg_keras.NonfiniteError, match="Domain 'b' has a gradient that is"
        ) as told:
            fit(model, stream(7.0))
        assert np.isfinite(told.value.loss)

    def test_names_the_domain_at_the_second_point_too(self):
        model = made(objective="mldg", how=GRAPH)
        with pytest.raises(dg_keras.NonfiniteError) as told:
            fit(model, stream(7.0))
        assert told.value.domain == "b"

    def test_the_model_goes_on_and_is_saved(self, tmp_path):
        model = made(how=GRAPH)
        with pytest.raises(dg_keras.NonfiniteError):
            fit(model, stream(np.nan))
        model.save(tmp_path / "model.keras")
        loaded = keras.saving.load_model(tmp_path / "model.keras")
        for going_on in (model, loaded):
            fit(going_on, stream(0.0).take(2))
            assert int(going_on.step.numpy()) == BAD_STEP + 2
        assert_same(state(model), state(loaded))

    def test_train_on_batch(self):
        model, (x, y) = made(how=GRAPH), batch(12)
        x[4] = np.inf
        with pytest.raises(dg_keras.NonfiniteError, match="Domain 'b' has a loss of nan at step 0"):
            model.train_on_batch(x, y)

    def test_a_learning_rate(self):
        class Last(keras.optimizers.schedules.LearningRateSchedule):
            def __call__(self, step):
                return tf.where(step < BAD_STEP, 0.01, np.inf)

            def get_config(self):
                return {}

        model = made(how=GRAPH, optimizer=keras.optimizers.SGD(Last()))
        with pytest.raises(dg_keras.NonfiniteError, match="learning rate must be finite") as told:
            fit(model, stream(0.0))
        assert told.value.step == BAD_STEP
        assert told.value.domain is None

    def test_what_a_strategy_makes_of_finite_gradients(self):
        class Divides(dg_keras.strategies.Strategy):
            def merge(self, gradients, step):
                return [g / tf.cast(BAD_STEP - step, g.dtype) for g in gradients[0]]

        for how in (EAGER, GRAPH, XLA):
            model = made(Divides(), how=how)
            with pytest.raises(dg_keras.NonfiniteError, match="What the strategy") as told:
                fit(model, stream(0.0))
            assert told.value.step == BAD_STEP

    def test_a_regularizer(self):
        class GroupLasso(keras.regularizers.Regularizer):
            """Not differentiable where all weights are zero."""

            def __call__(self, weights):
                return tf.sqrt(tf.reduce_sum(tf.square(weights)))

        zeros = keras.layers.Dense(
            CLASSES, kernel_initializer="zeros", kernel_regularizer=GroupLasso()
        )
        model = compiled(surgeon(keras.Sequential([keras.Input((FEATURES,)), zeros])), **GRAPH)
        with pytest.raises(dg_keras.NonfiniteError, match="the weights' regularizers"):
            fit(model, stream(0.0))
        assert not model.net.get_weights()[0].any()

    def test_a_weight_that_an_optimizer_broke(self):
        """Adam divides by the root of a gradient's square, which is 0 where domains disagree."""

        class Careless(keras.optimizers.SGD):
            def update_step(self, gradient, variable, learning_rate):
                variable.assign(variable - gradient / tf.abs(gradient))

        model = made(how=GRAPH, optimizer=Careless(0.1))
        with pytest.raises(
            dg_keras.NonfiniteError, match=r"Weight '.*' is infinite or NaN"
        ) as told:
            fit(model, stream(0.0))
        assert told.value.domain is None

    def test_large_gradients_are_no_fault(self):
        """Their squares overflow; they do not."""
        for how in (EAGER, GRAPH, XLA):
            linear = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
            model = compiled(surgeon(linear), "mae", keras.optimizers.SGD(1e-25), **how)
            x = np.full((6, 1), 1e25, "float32")
            model.fit(x, 0 * x, batch_size=6, shuffle=False, verbose=0)
            assert int(model.step.numpy()) == 1

    def test_the_error_goes_through_pickle(self):
        error = pickle.loads(pickle.dumps(dg_keras.NonfiniteError("so", 3, "b", np.inf)))
        assert (str(error), error.step, error.domain, error.loss) == ("so", 3, "b", np.inf)


class TestSkip:
    @pytest.mark.parametrize(("strategy", "objective", "how", "more"), WAYS, ids=str)
    @pytest.mark.parametrize("value", [np.inf, 7.0], ids=["loss", "gradient"])
    def test_leaves_the_step_out(self, strategy, objective, how, more, value):
        model = made(strategy, objective, how, on_nonfinite="skip", **more)
        before = []

        class Remember(keras.callbacks.Callback):
            def on_train_batch_begin(self, step, logs=None):
                before.append(state(model))

        history = fit(model, stream(value), callbacks=[Remember()]).history
        if "steps_per_execution" not in how:
            assert_same(before[BAD_STEP], before[BAD_STEP + 1])
            assert any((a != b).any() for a, b in zip(before[3], before[4], strict=True))
        assert int(model.step.numpy()) == 5
        assert model.skipped_steps == 1
        assert history["skipped_steps"] == [1]
        assert all(np.isfinite(values).all() for values in history.values())
        assert all(np.isfinite(value).all() for value in state(model))

    def test_counts_are_saved(self, tmp_path):
        model = made(how=GRAPH, on_nonfinite="skip")
        fit(model, stream(np.nan))
        model.save(tmp_path / "model.keras")
        loaded = keras.saving.load_model(tmp_path / "model.keras")
        assert loaded.on_nonfinite == "skip"
        assert loaded.skipped_steps == 1
        loaded.reset_training(seed=1)
        assert loaded.skipped_steps == 0

    def test_metrics_are_of_the_steps_that_were_taken(self):
        def history(policy, data):
            model = made(how=GRAPH, on_nonfinite=policy, optimizer=keras.optimizers.SGD(0.0))
            model.compile(model.optimizer, model.loss, metrics=["accuracy"], jit_compile=False)
            return fit(model, data).history

        skipping, without = history("skip", stream(np.nan, 3)), history("raise", stream(0.0, 2))
        del skipping["skipped_steps"]
        assert skipping.keys() == without.keys()
        for name in without:
            np.testing.assert_allclose(skipping[name], without[name], rtol=1e-6)

    def test_accumulated_gradients_stay(self):
        optimizer = keras.optimizers.Adam(0.01, gradient_accumulation_steps=2)
        model = made(how=GRAPH, on_nonfinite="skip", optimizer=optimizer)
        fit(model, stream(np.nan))
        assert int(model.optimizer.iterations.numpy()) == 4
        assert all(np.isfinite(value).all() for value in state(model))

    def test_a_weight_that_is_broken_is_told(self):
        model = made(how=GRAPH, on_nonfinite="skip")
        weights = model.net.get_weights()
        weights[0][:] = np.nan
        model.net.set_weights(weights)
        with pytest.raises(dg_keras.NonfiniteError, match=r"Weight '.*' is infinite or NaN"):
            fit(model, stream(0.0))


class TestIgnore:
    @pytest.mark.parametrize("how", [EAGER, GRAPH, XLA], ids=str)
    def test_trains_on(self, how):
        model = made(how=how, on_nonfinite="ignore")
        history = fit(model, stream(np.nan)).history
        assert np.isnan(history["loss"]).all()
        assert int(model.step.numpy()) == 5
        assert model.skipped_steps == 0
        assert np.isnan(model.net.get_weights()[0]).any()


@pytest.mark.parametrize("policy", ["raise", "skip"])
@pytest.mark.parametrize("how", [GRAPH, XLA], ids=str)
@pytest.mark.parametrize(("strategy", "more"), [("mean", {}), ("agr_sum", {})], ids=str)
def test_where_all_is_finite_it_trains_as_ignoring_does(policy, how, strategy, more):
    one, other = (made(strategy, how=how, on_nonfinite=p, **more) for p in (policy, "ignore"))
    for model in (one, other):
        fit(model, stream(0.0))
    for a, b in zip(state(one), state(other), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


class TestLossScaling:
    def model(self, policy="raise", how=GRAPH):
        keras.config.set_dtype_policy("mixed_float16")
        try:
            dense = keras.layers.Dense(CLASSES, dtype="float32")
            layers = [keras.Input((FEATURES,)), keras.layers.Dense(8), dense]
            model = surgeon(keras.Sequential(layers), on_nonfinite=policy)
        finally:
            keras.config.set_dtype_policy("float32")
        return compiled(model, **how)

    @pytest.mark.parametrize("how", [GRAPH, XLA], ids=str)
    def test_an_overflow_of_the_scaled_gradients_is_no_fault(self, how):
        model = self.model(how=how)
        x, y = batch(12)
        for _ in range(3):
            model.train_on_batch(x, y, sample_weight=np.full(12, 1e4, "float32"))
        assert int(model.step.numpy()) == 3
        assert float(model.optimizer.dynamic_scale) == 2.0**12
        assert int(model.optimizer.iterations) == 0

    @pytest.mark.parametrize("how", [GRAPH, XLA], ids=str)
    def test_one_that_no_scale_helps_is(self, how):
        model = self.model(how=how)
        x, y = batch(12)
        data = tf.data.Dataset.from_tensors((x, y, np.full(12, 1e8, "float32"))).repeat(20)
        with pytest.raises(dg_keras.NonfiniteError, match="gradient") as told:
            fit(model, data)
        assert told.value.step == 15
        assert float(model.optimizer.dynamic_scale) == 1.0

    def test_a_loss_is(self):
        model = self.model()
        x, y = batch(12)
        x[1] = np.nan
        with pytest.raises(dg_keras.NonfiniteError, match="Domain '1' has a loss of nan at step 0"):
            model.train_on_batch(x, y)
        assert float(model.optimizer.dynamic_scale) == 2.0**15


@pytest.fixture(scope="module")
def replicas():
    """What two replicas on two logical CPUs do where one of them meets a NaN."""
    script = """
import sys
import keras, numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import dg_keras
from tests.never_silent.vectors import compiled, net, surgeon, batch

def of(policy, strategy):
    with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
        optimizer = keras.optimizers.Adam(0.01)
        model = surgeon(net(), strategy, on_nonfinite=policy)
        return compiled(model, optimizer=optimizer, jit_compile=False)

def data(bad):
    x, y = (np.concatenate([part] * 3) for part in batch(12))
    if bad:
        x[12 + 7] = np.nan
    return tf.data.Dataset.from_tensor_slices((x, y)).batch(12)

for policy in ("raise", "skip"):
    for strategy in ("mean", "agr_sum"):
        model = of(policy, strategy)
        try:
            model.fit(data(True), shuffle=False, verbose=0)
            told = None
        except dg_keras.NonfiniteError as error:
            told = (error.step, error.domain)
        whole = of(policy, strategy)
        whole.fit(data(False).take(1 if policy == "raise" else 2), shuffle=False, verbose=0)
        pairs = list(zip(model.get_weights(), whole.get_weights()))
        same = all(np.allclose(a, b, atol=1e-6) for a, b in pairs)
        steps = int(model.step.numpy()), int(model.optimizer.iterations.numpy())
        print(policy, strategy, "|", told, same, *steps, model.skipped_steps)
"""
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return dict(line.split(" | ") for line in result.stdout.splitlines() if " | " in line)


@pytest.mark.parametrize("strategy", ["mean", "agr_sum"])
class TestReplicas:
    def test_none_takes_the_step(self, replicas, strategy):
        assert replicas[f"raise {strategy}"] == "(1, '1') True 1 1 0"

    def test_none_takes_the_step_that_is_skipped(self, replicas, strategy):
        assert replicas[f"skip {strategy}"] == "None True 3 2 1"
