"""Whatever stands in a config, `read` makes a plan of it or says in sentences why not."""

import math
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dg_keras import benchmark
from dg_keras.benchmark.config.dump_yaml import dump_yaml
from dg_keras.benchmark.config.parse_yaml import parse_yaml
from tests import any_file
from tests.bad_inputs.configs import VALID
from tests.benchmark.trees import KEYS, places, replaced, text, trees

configs = settings(max_examples=150, deadline=None, derandomize=True, database=None)

FULL = {
    **parse_yaml(VALID),
    "imports": ["json"],
    "targets": ["photo"],
    "methods": [
        {
            "name": "Deep-All",
            "objective": {"class_name": "irm", "config": {"penalty_weight": 1.0}},
            "strategy": {"class_name": "agr_rand", "config": {"seed": 1, "zero_agrees": True}},
            "targets": {"photo": {"learning_rate": 0.1, "weight_decay": 0.1}},
        }
    ],
    "backbone": {"name": "alexnet", "weights": None, "arguments": {"dropout": 0.1, "name": "a"}},
    "along_training": {"accuracy": True, "samples": 2},
    "report": {"level_from": 1},
    "grid": {"learning_rate": [0.1], "weight_decay": [0.0], "choose": "for_all"},
    "seed": 0,
}


def ends_in_a_plan_or_in_sentences(content, overrides=()):
    with tempfile.TemporaryDirectory() as folder:
        any_file.config(content, Path(folder), overrides)


def equal(first, second):
    """Whether two trees are the same, where NaN is itself and 1 is not True."""
    if type(first) is not type(second):
        return False
    if isinstance(first, dict):
        same = list(first) == list(second)
        return same and all(equal(first[key], second[key]) for key in first)
    if isinstance(first, list):
        return len(first) == len(second) and all(map(equal, first, second))
    return first == second or (isinstance(first, float) and math.isnan(first + second))


@configs
@given(trees)
def test_any_tree(tree):
    ends_in_a_plan_or_in_sentences(dump_yaml(tree).encode())


@configs
@given(st.dictionaries(st.sampled_from(KEYS), trees))
def test_any_values_of_the_known_keys(tree):
    ends_in_a_plan_or_in_sentences(dump_yaml(tree).encode())


@configs
@given(st.binary() | st.text("[]{}:,-*&!|>'\"?%#\n \ta1.").map(str.encode))
def test_any_file(content):
    ends_in_a_plan_or_in_sentences(content)


def test_the_full_config_is_valid(tmp_path):
    path = tmp_path / "full.yaml"
    path.write_text(dump_yaml(FULL))
    assert benchmark.read(path).name == "valid"


@configs
@given(st.sampled_from(sorted(places(FULL), key=str)), trees)
def test_any_value_in_the_place_of_another(place, value):
    ends_in_a_plan_or_in_sentences(dump_yaml(replaced(FULL, place, value)).encode())


@configs
@given(st.text("abt.=[]{}: training", max_size=12) | text, text)
def test_any_override(key, value):
    ends_in_a_plan_or_in_sentences(VALID.encode(), [f"{key}={value}"])


@configs
@given(trees)
@example({"a": ["yes", "1:00", "1e3", ".5e3", "0o7", "+.inf", "1_000", "", "a\n", " b", "#c"]})
def test_what_is_dumped_reads_back_equal(tree):
    assert equal(parse_yaml(dump_yaml(tree)), tree)


@pytest.mark.parametrize("path", sorted(Path("configs").glob("*.yaml")), ids=lambda path: path.name)
def test_every_config_that_ships_reads_back_equal(path):
    content = parse_yaml(path.read_text(encoding="utf-8"))
    assert equal(parse_yaml(dump_yaml(content)), content)
