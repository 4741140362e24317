"""Runs that are tested with averaged weights: which they are, and what the record says."""

import keras
import numpy as np
import pytest

from dg_keras import benchmark
from dg_keras.benchmark.config.runs_of import runs_of
from dg_keras.benchmark.training.averaged_state import AveragedState
from dg_keras.benchmark.training.load_images import load_images
from dg_keras.benchmark.training.runner import Runner
from dg_keras.benchmark.training.source_loss import SourceLoss
from dg_keras.benchmark.training.workbench import Workbench
from dg_keras.callbacks._dense_average import DenseAverage
from tests.benchmark.few_images import few_images
from tests.benchmark.small_net import SMALL
from tests.callbacks.test_weight_averaging import algorithm_1

pytestmark = pytest.mark.usefixtures("small_net")

METHODS = ["{name: Deep-All}", "{name: Averaged, selection: average}"]


@pytest.mark.parametrize("every", [1, 2])
@pytest.mark.parametrize("optimizer", ["adamw", "adam_l2"])
def test_it_is_the_mean_of_the_steps_in_the_valley(monkeypatch, every, optimizer):
    settings = [f"training.evaluate_every={every}", f"training.optimizer.name={optimizer}"]
    config, runner, (single, averaged) = made("training.optimizer.weight_decay=0.01", *settings)
    weights = {}

    def take(average, step):
        weights[step] = runner.bench.net.get_weights()
        taken(average, step)

    taken = DenseAverage.take
    monkeypatch.setattr(DenseAverage, "take", take)
    record = runner.run(averaged)
    assert sorted(weights) == list(range(1, 13))
    losses = record.history["source_loss"]
    # Where there is no bottom, the steps since the evaluation before the last are averaged.
    start, end = algorithm_1(losses, 3, 6, 0.3) or (len(losses) - 1, len(losses) - 1)
    assert (record.averaged_from, record.selected_step) == (start * every + 1, (end + 1) * every)
    steps = [weights[step] for step in range(record.averaged_from, record.selected_step + 1)]
    for found, *of_steps in zip(runner.bench.net.get_weights(), *steps, strict=True):
        np.testing.assert_allclose(found, np.mean(of_steps, axis=0), rtol=1e-5, atol=1e-6)
    # The training is that of the method without, and so are its seed and its evaluations.
    alone = runner.run(single)
    assert {k: v for k, v in record.history.items() if k != "source_loss"} == alone.history
    assert record.seed == alone.seed
    assert alone.averaged_from is None
    assert record.config["training"]["selection"] == "average"
    assert alone.config["training"]["selection"] == config.training.selection == "best"


@pytest.mark.slow
def test_the_loss_is_the_mean_of_the_sources_without_penalties():
    overrides = ["training.optimizer.name=adam_l2", "training.optimizer.weight_decay=0.01"]
    losses = []
    for along in ("false", "true"):
        _, runner, (_, averaged) = made(*overrides, f"along_training={{accuracy: {along}}}")
        losses.append(runner.run(averaged).history["source_loss"])
    assert losses[0] == losses[1]
    bench = runner.bench
    images = bench.without("photo")
    scores = [
        (part.labels, bench.net.predict(bench.inputs.batches([part], 8), verbose=0))
        for part in (images.part(source, "validation") for source in images.sources)
    ]
    of_each = [
        -np.log(keras.ops.softmax(given).numpy()[np.arange(len(true)), true]).mean()
        for true, given in scores
    ]
    assert SourceLoss(bench.net, images, bench.inputs)() == pytest.approx(
        np.mean(of_each), rel=1e-5
    )


def made(*overrides):
    """An experiment, its runner, and a run of each method."""
    settings = [
        *(f"data.name={few_images()}", "trials=1", *SMALL, f"methods=[{', '.join(METHODS)}]"),
        *("training.steps=12", "training.evaluate_every=2"),
    ]
    (config,) = benchmark.read("configs/smoke.yaml", [*settings, *overrides]).configs
    return config, Runner(Workbench(config, load_images(config, None))), runs_of(config, ["photo"])


def test_the_last_weights_stay_where_the_valley_ends_as_it_begins():
    class Nothing:
        latest = 20

        def put_in(self):
            return None

    state = AveragedState(every=5, source_loss=lambda: 1.0)
    state._average = Nothing()
    state.on_train_end()  # as in a process that goes on where all was done but the record
    assert state.averaged == (20, 20)
