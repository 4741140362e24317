import io
import os
import pickle
import zipfile
from collections import OrderedDict

import numpy as np
import pytest

from dg_keras.backbones._torch_checkpoint import read_checkpoint
from tests.backbones.torch_format import Storage, Tensor, write_state_dict, write_zip


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.pth"


def test_reads_what_torch_saves_of_a_network(path, torch):
    arrays = {"weight": np.arange(6.0).reshape(2, 3), "bias": np.array([7.0]), "": np.array(8.0)}
    write_state_dict(path, arrays, torch)
    read = read_checkpoint(path)
    assert list(read) == list(arrays)
    for name, array in arrays.items():
        assert read[name].dtype == np.float32
        np.testing.assert_array_equal(read[name], array)


def test_reads_tensors_of_any_stride(path, torch):
    values = np.arange(12, dtype="<f4")
    floats = Storage(torch.FloatStorage, "0", values)
    content = {"columns": Tensor(floats, (4, 3), (1, 4)), "part": Tensor(floats, (2,), (1,), 10)}
    write_zip(path, content, [floats])
    read = read_checkpoint(path)
    np.testing.assert_array_equal(read["columns"], values.reshape(3, 4).T)
    np.testing.assert_array_equal(read["part"], [10, 11])


def broken(path):
    return (
        "A PyTorch checkpoint must be a whole zip archive of a dictionary of tensors, as torch "
        f"writes it since version 1.6. Received: '{path}', which is damaged, cut off or something "
        "else"
    )


def refused(path):
    with pytest.raises(ValueError) as caught:  # noqa: PT011, the whole sentence is compared
        read_checkpoint(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("shape", "stride", "offset"),
    [((3,), (2,), 0), ((2,), (1,), 3), ((2,), (-1,), 0), ((2,), (1,), -1), ((10**9,), (0,), 0)],
)
def test_a_tensor_outside_its_storage_is_refused(path, torch, shape, stride, offset):
    floats = Storage(torch.FloatStorage, "0", np.zeros(4, dtype="<f4"))
    write_zip(path, {"tensor": Tensor(floats, shape, stride, offset)}, [floats])
    assert refused(path) == broken(path)


class Harm:
    """Runs a command where it is unpickled without care."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return os.system, (f"touch {self.file}",)


def test_a_pickle_that_would_run_a_command_is_refused(path, tmp_path):
    write_zip(path, OrderedDict(weight=Harm(tmp_path / "harm")))
    assert refused(path) == (
        f"A PyTorch checkpoint must hold tensors only. Received: '{path}', whose pickle asks for "
        f"'{os.system.__module__}.system'"
    )
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize("harmful", [eval, io.open, np.dtype("O"), pickle.loads])
def test_a_pickle_that_asks_for_more_than_tensors_is_refused(path, harmful):
    write_zip(path, {"weight": harmful})
    assert refused(path).startswith("A PyTorch checkpoint must hold tensors only. Received: ")


def test_another_kind_of_storage_is_refused(path, torch):
    halves = Storage(torch.HalfStorage, "0", np.zeros(4, dtype="<f2"))
    write_zip(path, {"tensor": Tensor(halves, (4,), (1,))}, [halves])
    assert refused(path).endswith("whose pickle asks for 'torch.HalfStorage'")


@pytest.mark.parametrize("kind", ["O", "<f8", "<M8[s]", 3])
def test_a_kind_of_storage_that_the_pickle_itself_tells_is_refused(path, torch, kind):
    floats = Storage(kind, "0", np.zeros(4, dtype="<f4"))
    write_zip(path, {"tensor": Tensor(floats, (1,), (1,))}, [floats])
    assert refused(path) == broken(path)


@pytest.mark.parametrize("content", [[1.0], {"weight": 1.0}, 5, None])
def test_anything_but_a_dictionary_of_tensors_is_refused(path, content):
    write_zip(path, content)
    assert refused(path) == broken(path)


def zipped(path, pickled, **options):
    with zipfile.ZipFile(path, "w", **options) as archive:
        archive.writestr("net/data.pkl", pickled)


@pytest.mark.parametrize(
    "pickled",
    [
        b"",
        b"\x80\x02}",  # no end
        b"\x80\x02.",  # nothing on the stack
        b"\x80\x02}r\xff\xff\xff\x7f.",  # remembered as number 2^31: 32 GiB of memory
        b"p9999999999\n.",  # the same in text
        b"\x80\x02(l(dI0\ntR.",
        b"\x80\x63.",  # a protocol that is none
    ],
)
def test_a_pickle_that_is_damaged_is_refused(path, pickled):
    zipped(path, pickled)
    assert refused(path) == broken(path)


def test_a_compressed_archive_is_refused_whatever_it_unpacks_to(path):
    zipped(path, bytes(10**7), compression=zipfile.ZIP_DEFLATED)
    assert refused(path) == broken(path)


def test_a_file_that_is_no_zip_archive_or_cut_off_is_refused(path, torch):
    write_state_dict(path, {"weight": np.zeros((9, 9))}, torch)
    whole = path.read_bytes()
    for content in (whole[:-100], whole[:100], b"", b"something else"):
        path.write_bytes(content)
        assert refused(path) == broken(path)


def test_a_file_that_is_not_there_is_told_by_the_system(path):
    with pytest.raises(FileNotFoundError):
        read_checkpoint(path)
