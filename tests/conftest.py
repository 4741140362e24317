"""What all tests share."""

import os

# Read by TensorFlow at import: its start-up notices are not warnings of ours.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

LONGEST = [
    *("step/test_replicas.py", "test_model.py", "benchmark/test_ray.py", "step/test_machines.py"),
    *("benchmark/test_run_state.py", "benchmark/test_run_all.py", "strategies/test_strategies.py"),
]
"""Files that take a minute or two each; those with processes of their own beside one without."""


def pytest_collection_modifyitems(items):
    """The longest files first, so that no worker is left with one at the end."""
    places = {f"tests/{name}": place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(LONGEST)))
