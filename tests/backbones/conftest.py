import sys
import types

import pytest


@pytest.fixture
def torch(monkeypatch):
    """Just enough of torch for the names in a pickle to resolve."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for kind in ("FloatStorage", "LongStorage", "HalfStorage"):
        setattr(torch, kind, type(kind, (), {"__module__": "torch"}))

    for name in ("_rebuild_tensor_v2", "_rebuild_parameter"):

        def pickled_by_name():
            raise AssertionError("pickled by name, never called")

        pickled_by_name.__module__, pickled_by_name.__qualname__ = "torch._utils", name
        setattr(utils, name, pickled_by_name)
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)
    return torch
