"""The measurements run, with less of everything; what they measure is no matter of tests."""

import importlib
from pathlib import Path

import pytest

import performance
from performance import gpu, many_records, replicas, training_step
from performance.measuring import apart

SCRIPTS = sorted(path.stem for path in Path(performance.__path__[0]).glob("*.py"))


@pytest.mark.parametrize("name", [name for name in SCRIPTS if name != "__init__"])
def test_each_says_what_it_measures(name):
    module = importlib.import_module(f"performance.{name}")
    is_command = hasattr(module, "main")
    assert (f"python -m performance.{name}" in module.__doc__) == is_command


@pytest.mark.slow
def test_many_records_are_resumed_and_reported(tmp_path):
    trials = 2
    many_records.write(tmp_path, trials)
    rows = [measure(tmp_path, trials) for measure in (many_records.resumed, many_records.reported)]
    assert [row["records"] for row in rows] == [64, 64]
    assert all(row["s"] > 0 for row in rows)


@pytest.mark.slow
@pytest.mark.parametrize(("strategy", "least", "most"), [("mean", 1, 1.01), ("agr_sum", 1, 1.2)])
def test_whole_domains_send_little_more_than_one_gradient(strategy, least, most):
    """Parts send one for each of three domains, and one more."""
    sent = apart(replicas.measure, strategy, 3, 2, True)["sent, gradients"]
    assert least <= sent < most
    if strategy != "mean":
        parts = apart(replicas.measure, strategy, 3, 2, False)["sent, gradients"]
        assert parts == pytest.approx(4, abs=0.01)


@pytest.mark.slow
def test_steps_are_timed_beside_plain_ones():
    table = training_step.measure("small-32", ("plain", "agr_sum"), steps=2, rounds=1)
    assert list(table["way"]) == ["plain", "agr_sum"]
    assert (table["times plain"] > 0).all()


@pytest.mark.slow
def test_two_devices_are_compared_with_one():
    table = apart(gpu.differences_of_two, "CPU")
    assert list(table["strategy"]) == ["mean", "agr_sum", "agr_rand", "pcgrad"]
    assert (table[["in parts", "whole domains"]] < 1e-4).all(axis=None)
