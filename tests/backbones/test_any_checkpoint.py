"""A checkpoint that was changed anywhere ends in arrays, or in a sentence that names the file."""

import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dg_keras.backbones._torch_checkpoint import read_checkpoint
from tests.backbones.torch_format import write_state_dict

SETTINGS = settings(derandomize=True, deadline=None, database=None, max_examples=400)
CHANGES = st.lists(st.tuples(st.integers(0, 2**16), st.binary(max_size=4), st.integers(0, 4)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("any")


@pytest.fixture
def whole(torch, tmp_path):
    """A checkpoint, and its pickle alone."""
    path = tmp_path / "whole.pth"
    write_state_dict(path, {"weight": np.ones((2, 3)), "bias": np.ones(2)}, torch)
    with zipfile.ZipFile(path) as archive:
        return path.read_bytes(), archive.read("net/data.pkl")


def changed(content, changes):
    """The content, in which bytes were replaced by others, more or fewer."""
    for place, new, replaced in changes:
        place %= len(content) + 1
        content = content[:place] + new + content[place + replaced :]
    return content


def read_or_told(path):
    """The arrays and no sentence, or the other way round."""
    try:
        return read_checkpoint(path), None
    except ValueError as error:
        return None, str(error)


def check(path):
    arrays, told = read_or_told(path)
    if arrays is None:
        assert str(path) in told
        assert "\n" not in told
    else:
        assert {array.dtype.str for array in arrays.values()} <= {"<f4", "<i8"}
        assert max((array.size for array in arrays.values()), default=0) <= 6


def test_any_file(whole, folder):
    @SETTINGS
    @given(CHANGES)
    def property(changes):
        path = folder / "net.pth"
        path.write_bytes(changed(whole[0], changes))
        check(path)

    property()


def test_any_pickle(whole, folder):
    @SETTINGS
    @given(CHANGES)
    def property(changes):
        path = folder / "net.pth"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("net/data.pkl", changed(whole[1], changes))
            archive.writestr("net/data/0", np.ones(6, "<f4").tobytes())
            archive.writestr("net/data/1", np.ones(2, "<f4").tobytes())
        check(path)

    property()
