"""The rooms of `dg_keras.data` and `dg_keras.benchmark`, and which way their imports point."""

import ast
from pathlib import Path

import pytest

import dg_keras

ROOT = Path(dg_keras.__file__).parent
MAY_TAKE = {
    "data": {"feeding": set(), "tables": {"feeding"}, "tools": {"feeding", "tables"}},
    "benchmark": {
        "config": set(),
        "records": {"config"},
        "training": {"config", "records"},
        "report": {"config", "records"},
        "estimate": {"config", "records", "training"},
        "running": {"config", "records", "training"},
    },
}
ROOMS = [(house, room) for house, rooms in MAY_TAKE.items() for room in rooms]


def imported(folder):
    """The modules of ours that those of a folder import, as `dg_keras.house.room...`."""
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
            elif isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)


@pytest.mark.parametrize(("house", "room"), ROOMS)
def test_imports_point_one_way(house, room):
    taken = {name for name in imported(ROOT / house / room) if name.startswith("dg_keras.")}
    allowed = tuple(f"dg_keras.{house}.{r}." for r in {room, *MAY_TAKE[house][room]})

    assert taken
    assert not [
        name
        for name in taken
        if name.startswith(f"dg_keras.{house}.") and not name.startswith(allowed)
    ]


def test_data_knows_nothing_of_models():
    taken = {name for name in imported(ROOT / "data") if name.startswith("dg_keras.")}

    assert not [name for name in taken if name.split(".")[1] not in ("data", "common")]


@pytest.mark.parametrize("house", MAY_TAKE)
def test_every_room_is_known(house):
    rooms = {folder.name for folder in (ROOT / house).iterdir() if folder.is_dir()}

    assert rooms - {"__pycache__"} == set(MAY_TAKE[house])
