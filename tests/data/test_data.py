"""The names of `dg_keras.data`, which are imported when they are first used."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from dg_keras import data

HEAVY = {"keras", "pandas", "rich", "scipy", "tensorflow"}


def imported_by(*arguments):
    """What a Python process imports, and what it prints."""
    run = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments], capture_output=True, text=True, check=True
    )
    return {line.rsplit("|", 1)[-1].strip() for line in run.stderr.splitlines()}, run.stdout


def test_the_command_line_answers_without_what_it_does_not_need():
    modules, printed = imported_by("-m", "dg_keras.data", "--help")

    assert "usage: python -m dg_keras.data" in printed
    assert "dg_keras.data" in modules
    assert not HEAVY & modules


@pytest.mark.slow
def test_the_same_words_to_another_program_change_nothing():
    program = "import dg_keras; print(dg_keras.DomainGeneralizer.__name__)"

    assert imported_by("-c", program, "-m", "dg_keras.data")[1] == "DomainGeneralizer\n"


def test_every_name_is_there_and_told_to_editors():
    tree = ast.parse(Path(data.__file__).read_text(encoding="utf-8"))
    told = {
        alias.name: node.module
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }

    assert sorted(told) == sorted(data.__all__)
    for name, module in told.items():
        assert getattr(data, name) is getattr(sys.modules[module], name)
    assert set(data.__all__) <= set(dir(data))
    with pytest.raises(AttributeError, match=r"'dg_keras\.data' has no attribute 'nothing'"):
        data.nothing  # noqa: B018
