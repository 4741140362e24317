"""Writes files as torch.save does, without PyTorch."""

import io
import pickle
import sys
import types
import zipfile
from collections import OrderedDict


def fake_torch():
    """The modules, by name, in which the names of a pickle resolve as it is written."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for kind in ("FloatStorage", "LongStorage", "HalfStorage"):
        setattr(torch, kind, type(kind, (), {"__module__": "torch"}))

    for name in ("_rebuild_tensor_v2", "_rebuild_parameter"):

        def pickled_by_name():
            raise AssertionError("pickled by name, never called")

        pickled_by_name.__module__, pickled_by_name.__qualname__ = "torch._utils", name
        setattr(utils, name, pickled_by_name)
    return {"torch": torch, "torch._utils": utils}


class Storage:
    """What torch.save sees of a tensor's memory."""

    def __init__(self, kind, key, array):
        self.kind, self.key, self.array = kind, key, array


class Tensor:
    """Pickles as a torch tensor does."""

    def __init__(self, storage, shape, stride, offset=0):
        self.arguments = (storage, offset, shape, stride, False, OrderedDict())

    def __reduce__(self):
        return sys.modules["torch._utils"]._rebuild_tensor_v2, self.arguments


class Parameter:
    """Pickles as a torch parameter does."""

    def __init__(self, tensor):
        self.arguments = (tensor, True, OrderedDict())

    def __reduce__(self):
        return sys.modules["torch._utils"]._rebuild_parameter, self.arguments


class Pickler(pickle.Pickler):
    def persistent_id(self, obj):
        if isinstance(obj, Storage):
            return "storage", obj.kind, obj.key, "cpu", obj.array.size
        return None


class LegacyPickler(Pickler):
    def persistent_id(self, obj):
        reference = super().persistent_id(obj)
        return reference and (*reference, None)


def legacy_file(content, storages=(), protocol=1001, little_endian=True):
    """A file as torch.save wrote it before version 1.6."""
    file = io.BytesIO()
    system = {"protocol_version": protocol, "little_endian": little_endian}
    for part in (0x1950A86A20F9469CFC6C, protocol, system, content, [s.key for s in storages]):
        LegacyPickler(file, protocol=2).dump(part)
    for storage in storages:
        file.write(storage.array.size.to_bytes(8, "little") + storage.array.tobytes())
    file.seek(0)
    return file


def write_zip(path, content, storages=()):
    """A file as torch.save writes it since version 1.6."""
    pickled = io.BytesIO()
    Pickler(pickled, protocol=2).dump(content)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("net/data.pkl", pickled.getvalue())
        archive.writestr("net/byteorder", "little")
        for storage in storages:
            archive.writestr(f"net/data/{storage.key}", storage.array.tobytes())
        archive.writestr("net/version", "3\n")


def write_state_dict(path, arrays, torch):
    """The file of a network's float32 weights: its state dict, of parameters as torch's first."""
    content, storages = OrderedDict(), []
    for key, (name, array) in enumerate(arrays.items()):
        storage = Storage(torch.FloatStorage, str(key), array.astype("<f4"))
        stride = tuple(step // 4 for step in storage.array.strides)
        content[name] = Parameter(Tensor(storage, array.shape, stride))
        storages.append(storage)
    content._metadata = OrderedDict({"": {"version": 1}})
    write_zip(path, content, storages)
