import sys

import pytest

from tests.backbones.torch_format import fake_torch


@pytest.fixture
def torch(monkeypatch):
    """Just enough of torch for the names in a pickle to resolve."""
    for name, module in fake_torch().items():
        monkeypatch.setitem(sys.modules, name, module)
    return sys.modules["torch"]
