"""What all tests share."""

import os

import pytest

# Read by TensorFlow at import: its start-up notices are not warnings of ours.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

LONGEST = [
    *("step/test_replicas.py", "test_model.py", "benchmark/test_ray.py", "step/test_machines.py"),
    *("benchmark/test_run_state.py", "benchmark/test_run_all.py", "strategies/test_strategies.py"),
]
"""Files that take a minute or two each; those with processes of their own beside one without."""

FAST = (
    *("analysis/test_confidence_band", "analysis/test_gradient_similarity", "analysis/test_holm"),
    *("analysis/test_paired_test", "analysis/test_rank_biserial", "backbones/test_get"),
    *("bad_inputs/", "benchmark/test_config", "benchmark/test_figures", "benchmark/test_gain"),
    *("benchmark/test_grid_means", "benchmark/test_pairs", "benchmark/test_records"),
    *("benchmark/test_summary", "benchmark/test_tables", "common/", "data/tables/"),
    *("data/feeding/test_domain", "data/test_rooms", "objectives/test_get"),
    *("strategies/test_randomness", "strategies/test_share"),
    "test_model.py::TestMeanIsPlainKeras::test_as_it_is",
)
"""What `pytest -m fast` runs: something of every room, in less than a minute."""


def pytest_collection_modifyitems(items):
    """The longest files first, so that no worker is left with one at the end."""
    places = {f"tests/{name}": place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(LONGEST)))
    for item in items:
        if item.nodeid.removeprefix("tests/").startswith(FAST):
            item.add_marker(pytest.mark.fast)
