"""What the suite leaves out is there, and is spread out."""

import itertools
from pathlib import Path

import pytest

from tests.conftest import FAST, LONGEST, NOT_FAST, ONE_IN, spread_out


@pytest.mark.parametrize("file", ONE_IN)
def test_families_that_are_thinned_out_are_in_their_files(file):
    text = Path("tests", file).read_text("utf-8")
    for name in ONE_IN[file]:
        of_class, _, function = name.rpartition("::")
        assert f"def {function}(" in text
        assert not of_class or f"class {of_class}" in text


@pytest.mark.parametrize("start", [*LONGEST, *FAST, *NOT_FAST])
def test_places_are_those_of_tests(start):
    file = start.partition("::")[0]
    assert list(Path("tests").glob(f"{file}*"))
    assert start not in NOT_FAST or start.startswith(FAST)


def test_every_value_of_every_parameter_is_kept():
    kinds, names, ways = "abcdefgh", [f"s{i}" for i in range(20)], ["graph", "xla"]
    cases = [f"test[{'-'.join(case)}]" for case in itertools.product(kinds, names, ways)]
    kept = [case[5:-1].split("-") for case in spread_out(cases, len(cases) // 5)]
    assert len(kept) == 64
    for position, values in enumerate((kinds, names, ways)):
        counts = [sum(case[position] == value for case in kept) for value in values]
        assert max(counts) - min(counts) <= 2
