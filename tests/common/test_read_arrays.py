"""A file of arrays that is damaged, wherever it is, is no file of arrays."""

import logging
import zipfile

import numpy as np
import pytest
import tensorflow as tf

from dg_keras.common.read_arrays import read_arrays
from dg_keras.common.write_arrays import write_arrays

HEAD = b"PK\x01\x02\x2d\x03"
"""Of an entry in the archive's list of contents."""


@pytest.fixture
def path(tmp_path):
    write_arrays(tmp_path / "some.npz", {"weights": np.arange(8.0)})
    return tmp_path / "some.npz"


def test_it_is_as_it_was_written(path):
    (array,) = read_arrays(path, "nothing is done").values()
    np.testing.assert_array_equal(array, np.arange(8.0))


@pytest.mark.parametrize(
    ("there", "instead"),
    [
        (b"(8,), }", b"(4,), }"),  # half of it would be read, and not to its checksum
        (HEAD + b"\x2d\x00\x00\x00", HEAD + b"\x2d\x00\x01\x00"),  # it asks for a password
        (HEAD + b"\x2d", HEAD + b"\xff"),  # of a format to come
    ],
    ids=["a shorter shape", "a flag", "a version"],
)
def test_a_byte_that_is_another_is_told(path, caplog, there, instead):
    content = path.read_bytes()
    assert content.count(there) == 1
    path.write_bytes(content.replace(there, instead))
    with caplog.at_level(logging.WARNING):
        assert read_arrays(path, "it is made anew") is None
    assert f"{path} is damaged" in caplog.text


@pytest.mark.parametrize("compression", [b"\x08", b"\x0c", b"\x0e"], ids=["zip", "bz2", "xz"])
def test_what_is_no_longer_said_to_be_stored_is_told(path, compression):
    content = path.read_bytes()
    method = HEAD + b"\x2d\x00\x00\x00"
    assert content.count(method + b"\x00") == content.count(b"\x93NUMPY") == 1
    changed = content.replace(method + b"\x00", method + compression)
    path.write_bytes(changed.replace(b"\x93NUMPY", b"\x07NUMPY"))
    assert read_arrays(path, "it is made anew") is None


def test_a_file_of_another_kind_in_the_archive_is_told(path, caplog):
    """As `.ci/weekly` found; NumPy hands out its bytes."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("weights.npy", b"no array")
    with caplog.at_level(logging.WARNING):
        assert read_arrays(path, "it is made anew", "weights") is None
    assert f"{path} is damaged (weights is no array): it is made anew" in caplog.text


def test_a_dtype_that_numpy_does_not_know_is_as_it_was_written(path):
    arrays = {"weights": tf.cast(tf.range(6.0) / 3, tf.bfloat16).numpy(), "step": np.int64(3)}
    write_arrays(path, arrays)
    read = read_arrays(path, "it is not")
    assert read.keys() == arrays.keys()
    assert read["weights"].dtype == arrays["weights"].dtype
    np.testing.assert_array_equal(read["weights"], arrays["weights"])
