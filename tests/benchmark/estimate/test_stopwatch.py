"""What is timed, and by what it is divided, by a clock that ticks when it is looked at."""

import itertools
import types

import pytest

from dg_keras import benchmark
from dg_keras.benchmark.config.runs_of import runs_of
from dg_keras.benchmark.estimate import stopwatch
from dg_keras.benchmark.estimate.some_images import some_images
from dg_keras.benchmark.estimate.stopwatch import Stopwatch
from dg_keras.benchmark.training.load_images import load_images
from dg_keras.benchmark.training.workbench import Workbench
from tests.benchmark.few_images import few_images
from tests.benchmark.small_net import SMALL


@pytest.mark.usefixtures("small_net")
@pytest.mark.parametrize("train_from", ["null", "block1_output"])
def test_an_evaluation_is_divided_by_the_images_that_are_in_it(train_from, monkeypatch):
    """What is decoded for it are images of the first domain alone, which has a few."""
    few = [*SMALL, f"backbone.train_from={train_from}", f"data.name={few_images()}", "trials=1"]
    (config,) = benchmark.read("configs/smoke.yaml", few).configs
    bench = Workbench(config, some_images(load_images(config, None), 1))
    first = len(bench.images.part(bench.images.domains[0]))
    assert first < 64 < len(bench.images.table)
    clock = types.SimpleNamespace(perf_counter=itertools.count().__next__)
    monkeypatch.setattr(stopwatch, "time", clock)
    (run, *_) = runs_of(config, ["photo"])
    assert Stopwatch(bench).evaluation(run, 64) == pytest.approx(
        1 / (first if train_from == "null" else 64)
    )
