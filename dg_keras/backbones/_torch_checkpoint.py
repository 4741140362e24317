"""Reads the tensors of a PyTorch checkpoint without PyTorch, and nothing else that it may hold."""

import io
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import NamedTuple

import numpy as np


class Storage(NamedTuple):
    """The flat array that the pickle refers to by `key`, and that is kept outside of it."""

    key: str
    dtype: str
    size: int


class Tensor(NamedTuple):
    """A tensor as the pickle describes it, its storage still to be read."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]

    def view(self, content: bytes) -> np.ndarray:
        """The storage's content under the tensor's shape; NumPy refuses what lies outside it."""
        itemsize = np.dtype(self.storage.dtype).itemsize
        return np.ndarray(
            self.shape,
            self.storage.dtype,
            buffer=content,
            offset=self.offset * itemsize,
            strides=[step * itemsize for step in self.stride],
        )


def _rebuild_tensor(
    storage: Storage,
    offset: int,
    shape: tuple[int, ...],
    stride: tuple[int, ...],
    requires_grad: bool,
    hooks: OrderedDict,
) -> Tensor:
    """Stands in for torch._utils._rebuild_tensor_v2, whose signature this is."""
    return Tensor(storage, offset, shape, stride)


def _rebuild_parameter(data: Tensor, requires_grad: bool, hooks: OrderedDict) -> Tensor:
    """Stands in for torch._utils._rebuild_parameter, whose signature this is.

    The state dicts of torch's first versions hold parameters, those of later ones tensors.
    """
    return data


_ALLOWED = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
    ("torch", "FloatStorage"): "<f4",
    ("torch", "LongStorage"): "<i8",
}


class TensorUnpickler(pickle.Unpickler):
    """Unpickles a dictionary of tensors, and refuses everything else."""

    def find_class(self, module: str, name: str) -> object:
        """Looks a global up among the few that a dictionary of tensors needs."""
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(
                f"The file must hold tensors only. Received: a pickle that asks for {module}.{name}"
            )
        return _ALLOWED[module, name]

    def persistent_load(self, pid: tuple) -> Storage:
        """Reads torch's reference to a storage: its type, key, device and number of elements."""
        _, dtype, key, _, size, *_ = pid
        return Storage(key, dtype, size)


def read_checkpoint(path: Path) -> dict[str, np.ndarray]:
    """Reads a dictionary of float32 tensors that torch.save wrote, since torch 1.6 as a zip.

    The archive has one folder: in it are `data.pkl`, the dictionary with references in place of
    storages, and `data/0`, `data/1`, ..., the little-endian storages.

    Args:
        path: The file.

    Returns:
        A NumPy array a name, read-only.

    Raises:
        ValueError: The file is of another format or cut off, or holds other things than tensors.
        pickle.UnpicklingError: The pickle asks for anything but tensors.
    """
    if not zipfile.is_zipfile(path):
        raise ValueError(
            f"A PyTorch checkpoint must be a whole zip archive. Received: {str(path)!r}"
        )
    with zipfile.ZipFile(path) as archive:
        folder = archive.namelist()[0].partition("/")[0]
        tensors = TensorUnpickler(io.BytesIO(archive.read(f"{folder}/data.pkl"))).load()
        if not isinstance(tensors, dict) or not all(
            isinstance(tensor, Tensor) for tensor in tensors.values()
        ):
            raise ValueError(
                f"A PyTorch checkpoint must be a dictionary of tensors. Received: {str(path)!r}"
            )
        return {
            name: tensor.view(archive.read(f"{folder}/data/{tensor.storage.key}"))
            for name, tensor in tensors.items()
        }
