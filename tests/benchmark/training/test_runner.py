"""Runs that repeat, optimizers by their meaning of weight decay, and batches of one domain."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import dg_keras
from dg_keras import benchmark
from dg_keras.benchmark.config.config import Optimizer
from dg_keras.benchmark.config.runs_of import runs_of
from dg_keras.benchmark.training import workbench
from dg_keras.benchmark.training.load_images import load_images
from dg_keras.benchmark.training.make_optimizer import make_optimizer
from dg_keras.benchmark.training.one_domain_batches import one_domain_batches
from dg_keras.benchmark.training.runner import Runner
from dg_keras.benchmark.training.workbench import Workbench
from dg_keras.fitting.nonfinite_error import NonfiniteError
from tests import nets
from tests.benchmark.few_images import few_images
from tests.benchmark.small_net import SMALL

pytestmark = pytest.mark.usefixtures("small_net")

TFA = json.loads(Path(__file__).with_name("tfa_adamw.json").read_text())["cases"]


@pytest.mark.parametrize("case", TFA, ids=lambda case: f"{case['weight_decay']:g}")
def test_adamw_per_step_is_that_of_tensorflow_addons(case):
    settings = {key: case[key] for key in ("learning_rate", "weight_decay", "epsilon")}
    optimizer = make_optimizer(Optimizer(name="adamw_per_step", **settings))
    variable = keras.Variable(np.array(case["initial"], "float32"))
    for gradient, expected in zip(case["gradients"], case["weights"], strict=True):
        optimizer.apply([np.array(gradient, "float32")], [variable])
        np.testing.assert_allclose(variable.numpy(), expected, rtol=2e-6, atol=5e-7)


def test_adamw_shrinks_by_rate_times_decay():
    optimizer = make_optimizer(Optimizer(name="adamw", learning_rate=0.1, weight_decay=0.5))
    variable = keras.Variable([2.0, -4.0])
    optimizer.apply([np.zeros(2, "float32")], [variable])
    np.testing.assert_allclose(variable.numpy(), [1.9, -3.8], rtol=1e-6)


def test_batches_of_one_domain_come_from_one_domain_drawn_anew():
    domains = {
        name: (np.full((20, 2), i, "float32"), np.arange(20))
        for i, name in enumerate(["a", "b", "c"])
    }
    batches = list(one_domain_batches(domains, batch_size=4, seed=1).take(60))
    drawn = [set(x.numpy().ravel().tolist()) for x, _ in batches]
    assert all(len(values) == 1 for values in drawn)
    counts = np.bincount([int(values.pop()) for values in drawn], minlength=3)
    assert counts.min() > 10
    # No sample twice in a step, as long as the domain is not exhausted.
    assert all(len(set(y.numpy())) == 12 for x, y in batches[:1])
    again = list(one_domain_batches(domains, batch_size=4, seed=1).take(60))
    for (x, y), (x_again, y_again) in zip(batches, again, strict=True):
        np.testing.assert_array_equal(x, x_again)
        np.testing.assert_array_equal(y, y_again)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_adam_l2_has_the_epsilon_of_pytorch(jit_compile):
    """The formula of torch.optim.Adam, in float64; gradients as small as epsilon tell it apart."""
    rate, epsilon, gradients = 1e-3, 1e-8, np.float32([1e-6, 3e-8, -2e-9])
    settings = Optimizer(name="adam_l2", learning_rate=rate, weight_decay=0.0, epsilon=epsilon)
    optimizer, variable = make_optimizer(settings), keras.Variable(np.zeros(3, "float32"))
    optimizer.build([variable])
    step = tf.function(lambda g: optimizer.apply([g], [variable]), jit_compile=jit_compile)
    first, second, weights = np.zeros(3), np.zeros(3), np.zeros(3)
    for t in range(1, 6):
        gradient = gradients.astype(float) * t
        step(tf.constant(gradient, tf.float32))
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        denominator = np.sqrt(second) / np.sqrt(1 - 0.999**t) + epsilon
        weights -= rate / (1 - 0.9**t) * first / denominator
    np.testing.assert_allclose(variable.numpy(), weights, rtol=1e-4)
    assert isinstance(optimizer.epsilon, float)


def test_adam_l2_is_adam_on_gradients_with_the_decay_added():
    """As the authors' code, for every weight and bias, after surgery."""
    decay, rate = 0.3, 0.01
    net = nets.alexnet_like()
    for variable in net.trainable_variables:
        variable.regularizer = keras.regularizers.L2(decay / 2)
    model = dg_keras.DomainGeneralizer(net, "agr_sum", domains=3)
    settings = Optimizer(name="adam_l2", learning_rate=rate, weight_decay=decay)
    nets.compiled(model, make_optimizer(settings))
    x, y = next(iter(dg_keras.data.interleave(nets.domains(), 8, seed=0)))
    before = [v.numpy() for v in net.trainable_variables]
    plain = nets.compiled(
        dg_keras.DomainGeneralizer(nets.alexnet_like(), "agr_sum", domains=3),
        keras.optimizers.SGD(1.0),
    )
    plain.train_on_batch(x, y)
    merged = [b - v.numpy() for b, v in zip(before, plain.net.trainable_variables, strict=True)]
    model.train_on_batch(x, y)
    for start, gradient, variable in zip(before, merged, net.trainable_variables, strict=True):
        total = gradient + decay * start
        # The first step of PyTorch's Adam.
        expected = start - rate * total / (np.abs(total) + 1e-7)
        moved = np.abs(total) > 1e-4  # elsewhere rounding decides the direction
        np.testing.assert_allclose(variable.numpy()[moved], expected[moved], atol=2e-5)


def made(*overrides):
    """A runner of two methods, and their runs on two held-out domains."""
    few = [*SMALL, f"data.name={few_images()}", "methods=[Deep-All, Agr-Rand]", "trials=1"]
    (config,) = benchmark.read("configs/smoke.yaml", [*few, *overrides]).configs
    bench = Workbench(config, load_images(config, None))
    return Runner(bench), runs_of(config, ["photo", "sketch"])


def test_a_run_that_is_repeated_after_another_is_the_same_to_the_last_digit():
    runner, runs = made("along_training={accuracy: true, gradients: true, samples: 6}")
    first, other, again = [
        runner.run(run).model_dump(exclude={"seconds"}) for run in (runs[0], runs[-1], runs[0])
    ]
    assert first["conflicts"]["shares"]
    assert first["conflicts"] != other["conflicts"]
    assert first == again


def test_a_methods_step_and_evaluation_are_traced_once(monkeypatch):
    """TensorFlow's warning of functions that are traced too often is left out, so count here."""
    traced = []
    for name in ("train_step", "test_step"):
        step = getattr(dg_keras.DomainGeneralizer, name)

        def counted(model, data, name=name, step=step):
            if not tf.executing_eagerly():
                traced.append(name)
            return step(model, data)

        monkeypatch.setattr(dg_keras.DomainGeneralizer, name, counted)
    runner, runs = made("methods=[Deep-All]")
    for run in (*runs, runs[0]):
        runner.run(run)
    assert sorted(traced) == ["test_step", "train_step"]


def test_what_a_trial_begins_with_is_built_once_for_all_methods(monkeypatch):
    built = []

    def noted(*arguments, of=workbench.build_trained):
        built.append(arguments[-1])
        return of(*arguments)

    runner, runs = made()
    monkeypatch.setattr(workbench, "build_trained", noted)
    for run in runs:
        runner.run(run)
    seeds = [run.config.run_seed(target, 1) for target in ("photo", "sketch")]
    assert len(runs) == 4
    assert built == seeds


def test_of_batches_of_one_domain_that_diverge_no_domain_is_told(monkeypatch):
    """The model numbers them, and calls them by the names of those that it has none of."""
    runner, runs = made("methods=[Deep-All, {name: One, batches: one_domain}]")

    def diverges(model, **arguments):
        raise NonfiniteError("", 3, "1", float("nan"))

    monkeypatch.setattr(dg_keras.DomainGeneralizer, "fit", diverges)
    told = {run.method.name: str(runner.run(run).diverged) for run in runs}
    assert told == {"Deep-All": "at step 3 (1: loss nan)", "One": "at step 3 (loss nan)"}


@pytest.mark.slow
def test_a_run_takes_the_setting_of_its_held_out_domain():
    method = "{name: Deep-All, targets: {photo: {learning_rate: 1.0e-9, weight_decay: 0}}}"
    runner, runs = made("training.optimizer.learning_rate=0.1", f"methods=[{method}]")
    photo, sketch = (runner.run(run) for run in runs)
    assert photo.config["method"]["learning_rate"] == 1e-9
    assert sketch.config["method"]["learning_rate"] is None
    # Nothing moves at that rate.
    first, last = photo.history["val_loss"]
    assert first == pytest.approx(last, rel=1e-5)
    first, last = sketch.history["val_loss"]
    assert abs(first - last) > 1e-2
