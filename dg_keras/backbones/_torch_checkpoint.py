"""Reads the tensors of a PyTorch checkpoint without PyTorch, and nothing else that it may hold."""

import io
import math
import pickle
import pickletools
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import NamedTuple

import numpy as np

_SHOWN = 100  # characters of a name in a pickle


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
        # A stride of 0 would make any number of elements of one.
        if math.prod(self.shape) > self.storage.size:
            raise ValueError(f"{self.shape} is more than {self.storage.size} elements")
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


_DTYPES = {("torch", "FloatStorage"): "<f4", ("torch", "LongStorage"): "<i8"}
_ALLOWED = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
    **_DTYPES,
}


class OtherThanTensors(pickle.UnpicklingError):
    """A pickle asks for what no dictionary of tensors needs.

    Args:
        asked: The global that it asks for.
    """

    def __init__(self, asked: str) -> None:
        super().__init__(
            f"The file must hold tensors only. Received: a pickle that asks for {asked}"
        )
        self.asked = asked


class TensorUnpickler(pickle.Unpickler):
    """Unpickles a dictionary of tensors, and refuses everything else."""

    def find_class(self, module: str, name: str) -> object:
        """Looks a global up among the few that a dictionary of tensors needs."""
        if (module, name) not in _ALLOWED:
            raise OtherThanTensors(f"{module}.{name}")
        return _ALLOWED[module, name]

    def persistent_load(self, pid: tuple) -> Storage:
        """Reads torch's reference to a storage: its type, key, device and number of elements."""
        _, dtype, key, _, size, *_ = pid
        # A dtype may come from the pickle as text, too, and then be any that NumPy has.
        if dtype not in _DTYPES.values() or not isinstance(key, str) or not isinstance(size, int):
            raise pickle.UnpicklingError(f"no reference to a storage: {type(dtype)}")
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
        ValueError: The file is of another format or damaged, or holds other things than tensors.
    """
    with path.open("rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                return _read(archive)
        except OtherThanTensors as error:
            raise ValueError(
                f"A PyTorch checkpoint must hold tensors only. Received: {str(path)!r}, whose "
                f"pickle asks for {error.asked[:_SHOWN]!r}"
            ) from error
        except Exception as error:  # pickles that are damaged raise some ten kinds
            raise ValueError(
                "A PyTorch checkpoint must be a whole zip archive of a dictionary of tensors, as "
                f"torch writes it since version 1.6. Received: {str(path)!r}, which is damaged, "
                "cut off or something else"
            ) from error


def _read(archive: zipfile.ZipFile) -> dict[str, np.ndarray]:
    folder = archive.namelist()[0].partition("/")[0]
    pickled = _content(archive, f"{folder}/data.pkl")
    _check_memo(pickled)
    tensors = TensorUnpickler(io.BytesIO(pickled)).load()
    if not isinstance(tensors, dict) or not all(
        isinstance(name, str) and isinstance(tensor, Tensor) for name, tensor in tensors.items()
    ):
        raise ValueError("no dictionary of tensors")
    keys = {tensor.storage.key for tensor in tensors.values()}
    storages = {key: _content(archive, f"{folder}/data/{key}") for key in keys}
    return {name: tensor.view(storages[tensor.storage.key]) for name, tensor in tensors.items()}


def _content(archive: zipfile.ZipFile, name: str) -> bytes:
    """A member as torch stores it: uncompressed, so that it is no larger than the file."""
    if archive.getinfo(name).compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{name} is compressed")
    return archive.read(name)


def _check_memo(pickled: bytes) -> None:
    """Raises where a pickle numbers what it remembers beyond what it can hold.

    Python's unpickler makes room up to the largest number: 64 GiB for a file of ten bytes.
    """
    for opcode, number, _ in pickletools.genops(pickled):
        if opcode.name in ("PUT", "LONG_BINPUT") and int(number or 0) > len(pickled):
            raise ValueError(f"{number} is more than there can be")
