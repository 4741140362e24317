"""Runs that are tested with averaged weights: which they are, and what the record says."""

import numpy as np
import pytest

from dg_keras import benchmark
from dg_keras.benchmark.averaged_state import AveragedState
from dg_keras.benchmark.load_images import load_images
from dg_keras.benchmark.runner import Runner
from dg_keras.benchmark.runs_of import runs_of
from tests.benchmark.few_images import few_images
from tests.benchmark.small_net import SMALL
from tests.callbacks.test_weight_averaging import algorithm_1

pytestmark = pytest.mark.usefixtures("small_net")

METHODS = ["{name: Deep-All}", "{name: Averaged, selection: average}"]


@pytest.mark.parametrize("along", [False, True])
def test_it_is_the_mean_of_the_steps_in_the_valley(monkeypatch, along):
    config, runner, (single, averaged) = made(f"along_training={{accuracy: {along}}}".lower())
    weights = []

    def on_epoch_end(state, epoch, logs=None):
        weights.append(state.model.get_weights())
        measure(state, epoch, logs)

    measure = AveragedState.on_epoch_end
    monkeypatch.setattr(AveragedState, "on_epoch_end", on_epoch_end)
    record = runner.run(averaged)
    start, end = algorithm_1(record.history["val_loss"], 3, 6, 0.3)
    assert record.selected_step == end + 1
    for found, *of_steps in zip(runner._net.get_weights(), *weights[start : end + 1], strict=True):
        np.testing.assert_allclose(found, np.mean(of_steps, axis=0), rtol=1e-5, atol=1e-6)
    # The training is that of the method without, and so are its seed and its evaluations.
    alone = runner.run(single)
    assert {k: v for k, v in record.history.items() if k in alone.history} == alone.history
    assert record.seed == alone.seed
    assert record.config["training"]["selection"] == "average"
    assert alone.config["training"]["selection"] == config.training.selection == "best"


def made(*overrides):
    """An experiment, its runner, and a run of each method."""
    settings = [
        *(f"data.name={few_images()}", "trials=1", *SMALL, f"methods=[{', '.join(METHODS)}]"),
        *("training.steps=6", "training.evaluate_every=1"),
    ]
    (config,) = benchmark.read("configs/smoke.yaml", [*settings, *overrides]).configs
    return config, Runner(config, load_images(config, None)), runs_of(config, ["photo"])


def test_the_last_weights_stay_where_the_valley_ends_as_it_begins():
    class Nothing:
        def put_in(self):
            return None

    state = AveragedState(every=5)
    state._average = Nothing()
    state.on_epoch_begin(3)
    state.on_train_end()
    assert state.last_step == 20
