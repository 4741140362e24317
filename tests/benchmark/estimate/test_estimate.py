"""What a dry run tells, without measuring."""

import sys

import numpy as np
import pytest

from dg_keras import benchmark
from dg_keras.benchmark.config.config import Method
from dg_keras.benchmark.config.runs_of import runs_of
from dg_keras.benchmark.estimate.at_once import at_once
from dg_keras.benchmark.estimate.estimate import gradients_in_memory, run_seconds
from dg_keras.benchmark.estimate.models_made import models_made
from dg_keras.benchmark.estimate.peak_memory import forget_peak, peak_memory
from dg_keras.benchmark.estimate.step_times import Times
from dg_keras.benchmark.records.inventory import Inventory


def test_tells_how_many_gradients_a_method_holds():
    named = ["Deep-All", "Agr-Sum", "PCGrad", "DRO", "MLDG"]
    methods = [Method.model_validate(name) for name in named]
    told = gradients_in_memory(methods, sources=3, size=2**21)
    # Those of three sources and what is made of them, those of three second points too; one where
    # the mean loss is all there is.
    assert told == (
        "Gradients of 2.0 MiB: 1 at a time with Deep-All, DRO; "
        "4 at a time with Agr-Sum, PCGrad; 7 at a time with MLDG."
    )


@pytest.mark.parametrize(
    ("processes", "busy", "expected"),
    [(1, 0.5, 1), (1, 6.0, 1), (4, 0.5, 4), (4, 2.0, 2), (2, 1.6, 2), (8, 3.0, 4 / 3)],
)
def test_processes_share_the_cores(processes, busy, expected, monkeypatch):
    monkeypatch.setattr("dg_keras.benchmark.estimate.at_once.cores", lambda: 4)
    assert at_once(processes, busy) == pytest.approx(expected)


def test_images_that_are_too_many_to_be_kept_are_decoded_at_every_use():
    taken = {"one gradient": 1.0}
    times = Times(
        **dict.fromkeys(("gradient_bytes", "busy", "build", "record", "image_bytes"), 0),
        **{"prepare": 0.01, "evaluate": 0.1, "image": 0.03, "kept_bytes": 1, "batch": 8},
        **{"largest": 8, "steps": taken, "traces": taken},
    )
    method = Method.model_validate("Deep-All")
    anew = times.decoding(sources=3)
    assert anew.evaluate == pytest.approx(0.1 + 0.01)
    for batch in (8, 20):
        more = anew.step(method, batch, 3) - times.step(method, batch, 3)
        assert more == pytest.approx(0.01 * batch * 3)
    assert taken == {"one gradient": 1.0}


@pytest.mark.parametrize(
    ("overrides", "validations", "tests"),
    [
        ([], 3, 1),
        (["along_training.accuracy=true"], 3, 4),
        (["training.selection=average"], 7, 1),
        (["training.selection=average", "along_training.accuracy=true"], 7, 4),
        (["along_training.accuracy=true", "grid={learning_rate: [1e-3]}"], 3, 0),
    ],
    ids=["best", "along training", "averaged", "averaged along training", "a search along it"],
)
def test_an_evaluation_is_of_as_many_images_as_a_run_looks_at(overrides, validations, tests):
    """A second an image, and nothing else; 10 to validate on in each source, and 20 to test on."""
    steps = (
        "training.steps=6",
        "training.evaluate_every=2",
        "methods=[Deep-All]",
        "data.test=part",
    )
    (config,) = benchmark.read("configs/smoke.yaml", [*steps, *overrides]).configs
    times = Times(
        **dict.fromkeys(("gradient_bytes", "busy", "build", "record", "image_bytes"), 0),
        **{"prepare": 0, "evaluate": 1.0, "image": 0, "kept_bytes": 1, "batch": 8, "largest": 8},
        **{"steps": {"one gradient": 0.0}, "traces": {"one gradient": 0.0}},
    )
    inventory = Inventory(dict.fromkeys(("a", "b", "c"), 100), ())
    (run,) = runs_of(config, ["a"])[:1]
    seconds = run_seconds(config, run, inventory, times, sources=2)
    assert seconds == validations * 2 * 10 + tests * 20


RATES = "grid={learning_rate: [1e-3, 1e-4], weight_decay: [0]}"
SIZES = "grid={image_size: [32, 40], choose: for_all}"


@pytest.mark.parametrize(
    ("overrides", "processes", "kept", "expected"),
    [
        (["methods=[Deep-All, Agr-Sum]"], 1, 2, 2),
        (["methods=[Deep-All, Agr-Sum]"], 1, 1, 6),
        (["methods=[Deep-All, Agr-Sum]"], 2, 2, 4),
        (["methods=[Deep-All, Agr-Sum]"], 2, 1, 12),
        (["methods=[Deep-All]", RATES], 1, 2, 2),
        (["methods=[Deep-All]", RATES], 1, 1, 6),
        (["methods=[Deep-All]", SIZES], 1, 2, 6),
        (["methods=[Deep-All]", "trials=1"], 8, 1, 2),
    ],
)
def test_a_model_is_traced_once_as_long_as_it_is_kept(overrides, processes, kept, expected):
    """Three trials, on each of two domains."""
    (config,) = benchmark.read("configs/smoke.yaml", ["trials=3", *overrides]).configs
    assert models_made(runs_of(config, ["photo", "sketch"]), processes, kept) == expected


@pytest.mark.skipif(sys.platform != "linux", reason="Linux forgets a peak")
def test_a_peak_is_that_of_what_is_measured():
    """A study's second network was told to take what the first took."""
    forget_peak()  # of the tests before
    taken = np.ones(2**27, "uint8")
    with_it = peak_memory()
    del taken
    forget_peak()
    assert peak_memory() < with_it - 2**26
    taken = np.ones(2**27, "uint8")
    assert peak_memory() > with_it - 2**26
    assert taken.all()
