"""What readers make of a file of any content: what it says, or one sentence that names the file.

Each function writes the content into a folder and reads it; it raises where the reader did neither.
`WHOLE` has, by function, a content that is right.
"""

import io
import json
import sys
import zipfile
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd

from dg_keras import benchmark
from dg_keras.backbones._torch_checkpoint import read_checkpoint
from dg_keras.benchmark.config.run import Run
from dg_keras.benchmark.records.records import RecordError, Records, sealed
from dg_keras.common import read_arrays as arrays_file
from dg_keras.data import KNOWN
from dg_keras.data.tables.label_lists import read_lists
from dg_keras.data.tables.manifest import read_manifest
from tests.backbones.torch_format import fake_torch, write_state_dict
from tests.bad_inputs.configs import VALID

_LINE = 500  # characters of a sentence about a config
_TABLE = pd.DataFrame(
    [("photo/dog/pic_000.png", "photo", "dog")], columns=["path", "domain", "class"]
)
(_CONFIG,) = benchmark.read("configs/smoke.yaml").configs
_RUN = Run(_CONFIG, _CONFIG.methods[0], "photo", 1)


def checkpoint(content: bytes, folder: Path) -> None:
    path = folder / "net.pth"
    path.write_bytes(content)
    try:
        arrays = read_checkpoint(path)
    except ValueError as error:
        _check_told(error, path)
    else:
        assert {array.dtype.str for array in arrays.values()} <= {"<f4", "<i8"}
        assert all(array.nbytes <= len(content) for array in arrays.values())


def pickle(content: bytes, folder: Path) -> None:
    """Of a checkpoint whose other parts are whole."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("net/data.pkl", content)
        archive.writestr("net/data/0", np.ones(6, "<f4").tobytes())
        archive.writestr("net/data/1", np.ones(2, "<f4").tobytes())
    checkpoint(file.getvalue(), folder)


def arrays(content: bytes, folder: Path) -> None:
    path = folder / "some.npz"
    path.write_bytes(content)
    with mock.patch.object(arrays_file, "_LOGGER", mock.Mock()) as logger:
        found = arrays_file.read_arrays(path, "it is made anew", "weights")
    if found is None:
        assert path in logger.warning.call_args.args
    else:
        assert all(isinstance(array, np.ndarray) for array in found.values())


def manifest(content: bytes, folder: Path) -> None:
    path = folder / "manifest.csv"
    path.write_bytes(content)
    try:
        table = read_manifest(path)
    except ValueError as error:
        _check_told(error, path)
    else:
        assert len(table) > 0
        assert {"path", "domain", "class"} <= set(table.columns)


def label_list(content: bytes, folder: Path) -> None:
    (folder / "photo_train_kfold.txt").write_bytes(content)
    for line in read_lists(folder, KNOWN["pacs"], _TABLE):
        assert line.where.startswith("photo_train_kfold.txt")
        assert line.fault or line.image == "photo/dog/pic_000"
        assert "\n" not in line.fault


def config(content: bytes, folder: Path, overrides: tuple[str, ...] = ()) -> None:
    path = folder / "any.yaml"
    path.write_bytes(content)
    try:
        assert isinstance(benchmark.read(path, overrides), benchmark.Plan)
    except (ValueError, FileNotFoundError) as error:
        for told in str(error).split("\n"):
            assert 0 < len(told) <= _LINE, told
            named = str(path) in told or any(override in told for override in ("--set", *overrides))
            assert named or told.endswith(" more values are wrong"), told


def record(content: bytes, folder: Path) -> None:
    """As it is, and with the number of its form and its checksum put right."""
    _record(content, folder)
    try:
        fields = json.loads(content)
    except (ValueError, RecursionError):
        return
    if isinstance(fields, dict):
        fields["schema_version"] = 3
        fields.pop("checksum", None)
        _record(sealed(json.dumps(fields)), folder)


def _record(content: bytes, folder: Path) -> None:
    path = folder / f"{_RUN.key}.json"
    path.write_bytes(content)
    try:
        assert Records(folder, split=None).read(_RUN) is not None
    except RecordError as error:
        _check_told(error, path)


def _check_told(error: Exception, path: Path) -> None:
    assert str(path) in str(error), error
    assert "\n" not in str(error), error


def _whole_checkpoint() -> bytes:
    file = io.BytesIO()
    with mock.patch.dict(sys.modules, fake_torch()):
        arrays = {"weight": np.ones((2, 3)), "bias": np.ones(2)}
        write_state_dict(file, arrays, sys.modules["torch"])
    return file.getvalue()


def _whole_arrays() -> bytes:
    file = io.BytesIO()
    np.savez(file, weights=np.arange(8.0), name="a name")
    return file.getvalue()


def _whole_pickle() -> bytes:
    with zipfile.ZipFile(io.BytesIO(_whole_checkpoint())) as archive:
        return archive.read("net/data.pkl")


def _whole_record() -> bytes:
    """All that a record has, of the run."""
    fields = {
        **{"schema_version": 3, "method": _RUN.method.name, "target": "photo", "trial": 1},
        "seed": _CONFIG.run_seed("photo", 1),
        "config": _CONFIG.of_run(_RUN.method, "photo"),
        **{"split": "images", "weights": None, "skipped_images": 0, "selected_step": 2},
        "result": {"validation_accuracy": 0.5, "accuracy": 0.25},
        "history_steps": [2, 4],
        "history": {"loss": ["Infinity", 1e-300]},
        "similarity": {"steps": [0], "within": [0.5], "between": [0.25]},
        "conflicts": {"steps": [2], "shares": {"classifier": [0.7]}},
        "seconds": {"prepare": 1.0, "train": 2.0, "test": 3.0},
        "versions": {"keras": "3"},
    }
    return sealed(json.dumps(fields))


WHOLE = {
    checkpoint: _whole_checkpoint,
    pickle: _whole_pickle,
    arrays: _whole_arrays,
    manifest: lambda: b"path,domain,class,split\nphoto/dog/pic_000.png,photo,dog,train\n",
    label_list: lambda: b"photo/dog/pic_000.png 1\n",
    config: lambda: VALID.encode(),
    record: _whole_record,
}
