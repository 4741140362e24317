"""The rooms of `dg_keras.data`, and which way their imports point."""

import ast
from pathlib import Path

import pytest

import dg_keras.data

ROOT = Path(dg_keras.data.__file__).parent
MAY_TAKE = {"feeding": set(), "tables": {"feeding"}, "tools": {"feeding", "tables"}}


def imported(file):
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom):
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("room", MAY_TAKE)
def test_imports_point_one_way(room):
    files = list((ROOT / room).glob("*.py"))
    taken = {name for file in files for name in imported(file) if name.startswith("dg_keras")}
    allowed = {"dg_keras.common", *(f"dg_keras.data.{r}" for r in {room, *MAY_TAKE[room]})}

    assert taken
    assert not [name for name in taken if not name.startswith(tuple(f"{a}." for a in allowed))]
