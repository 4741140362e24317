import io
import os
import pickle
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


def test_a_tensor_outside_its_storage_is_refused(path, torch):
    floats = Storage(torch.FloatStorage, "0", np.zeros(4, dtype="<f4"))
    write_zip(path, {"tensor": Tensor(floats, (3,), (2,))}, [floats])
    with pytest.raises(ValueError, match="strides"):
        read_checkpoint(path)


class Harm:
    """Runs a command where it is unpickled without care."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return os.system, (f"touch {self.file}",)


def test_a_pickle_that_would_run_a_command_is_refused(path, tmp_path):
    write_zip(path, OrderedDict(weight=Harm(tmp_path / "harm")))
    with pytest.raises(pickle.UnpicklingError, match=r"must hold tensors only.* \w+\.system"):
        read_checkpoint(path)
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize("harmful", [eval, io.open, np.dtype("O"), pickle.loads])
def test_a_pickle_that_asks_for_more_than_tensors_is_refused(path, harmful):
    write_zip(path, {"weight": harmful})
    with pytest.raises(pickle.UnpicklingError, match="must hold tensors only"):
        read_checkpoint(path)


def test_another_kind_of_storage_is_refused(path, torch):
    halves = Storage(torch.HalfStorage, "0", np.zeros(4, dtype="<f2"))
    write_zip(path, {"tensor": Tensor(halves, (4,), (1,))}, [halves])
    with pytest.raises(pickle.UnpicklingError, match=r"torch\.HalfStorage"):
        read_checkpoint(path)


@pytest.mark.parametrize("content", [[1.0], {"weight": 1.0}])
def test_anything_but_a_dictionary_of_tensors_is_refused(path, content):
    write_zip(path, content)
    with pytest.raises(ValueError, match=r"must be a dictionary of tensors. Received: .*net\.pth"):
        read_checkpoint(path)


def test_a_file_that_is_no_zip_archive_or_cut_off_is_refused(path, torch):
    write_state_dict(path, {"weight": np.zeros((9, 9))}, torch)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"must be a whole zip archive. Received: .*net\.pth"):
        read_checkpoint(path)
