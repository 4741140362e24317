"""The measurements run, with less of everything; what they measure is no matter of tests."""

import importlib
from pathlib import Path

import pytest

import performance
from performance import many_records, training_step

SCRIPTS = sorted(path.stem for path in Path(performance.__path__[0]).glob("*.py"))


@pytest.mark.parametrize("name", [name for name in SCRIPTS if name != "__init__"])
def test_each_says_what_it_measures(name):
    module = importlib.import_module(f"performance.{name}")
    is_command = hasattr(module, "main")
    assert (f"python -m performance.{name}" in module.__doc__) == is_command


def test_many_records_are_resumed_and_reported(tmp_path):
    trials = 2
    many_records.write(tmp_path, trials)
    rows = [measure(tmp_path, trials) for measure in (many_records.resumed, many_records.reported)]
    assert [row["records"] for row in rows] == [64, 64]
    assert all(row["s"] > 0 for row in rows)


@pytest.mark.slow
def test_steps_are_timed_beside_plain_ones():
    table = training_step.measure("small-32", ("plain", "agr_sum"), steps=2, rounds=1)
    assert list(table["way"]) == ["plain", "agr_sum"]
    assert (table["times plain"] > 0).all()
