"""A backup whose two files, the weights and what Keras tells of them, are of the same moment."""

import json
import shutil
from pathlib import Path

from dg_keras.common.file_digest import file_digest
from dg_keras.common.write_whole import write_whole

_DIGEST = "weights"


def put_right(folder: Path) -> None:
    """Takes the backup before the last, where the last was not wholly written."""
    names = ("latest.weights.h5", "training_metadata.json")
    last, before = [[folder / f"{name}{end}" for name in names] for end in ("", ".bkp")]
    if _is_whole(*last):
        tell_weights(*last)  # which it does not yet where Keras alone wrote it
    elif _is_whole(*before):
        for path, former in zip(last, before, strict=True):
            shutil.copy(former, path)
    else:
        for path in last:
            path.unlink(missing_ok=True)


def tell_weights(weights: Path, metadata: Path) -> None:
    """Writes the digest of the weights into the metadata."""
    told = json.loads(metadata.read_bytes())
    write_whole(metadata, json.dumps({**told, _DIGEST: file_digest(weights)}).encode())


def _is_whole(weights: Path, metadata: Path) -> bool:
    """Whether both are of the same moment."""
    if not (weights.exists() and metadata.exists()):
        return False
    try:
        told = json.loads(metadata.read_bytes())
    except ValueError:  # it was being written
        return False
    # Keras writes it after the weights; that they are these is told a moment later.
    return _DIGEST not in told or told[_DIGEST] == file_digest(weights)
