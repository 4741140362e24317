"""What can only be tested where tensorflow-addons is."""

import importlib.util

import pytest

HAS_ADDONS = importlib.util.find_spec("tensorflow_addons") is not None

collect_ignore = [] if HAS_ADDONS else ["test_addons.py"]


@pytest.fixture(autouse=True, scope="session")
def _without_tuner():
    """Keras 2 makes datasets of arrays in another way."""
