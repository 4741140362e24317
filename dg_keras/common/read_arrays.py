"""A file of arrays that may be damaged."""

import errno
import logging
import lzma
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import tensorflow as tf

from dg_keras.common.write_arrays import BFLOAT16

_LOGGER = logging.getLogger(__name__)

DAMAGED = (
    *(OSError, EOFError, ValueError, TypeError, KeyError, IndexError, OverflowError),
    *(zipfile.BadZipFile, struct.error),
    *(zlib.error, lzma.LZMAError),  # of what says that it is compressed
    RuntimeError,  # of flags that ask for a password, or an unknown compression
)
"""What reading a file of arrays raises where it is damaged, or no such file."""


def read_arrays(path: Path, otherwise: str, *needed: str) -> dict[str, np.ndarray] | None:
    """What `write_arrays` wrote; None where there is no such file, or it is damaged.

    Args:
        path: The file.
        otherwise: What is done where it is damaged, for the warning that is logged.
        *needed: Names that it must have.

    Raises:
        OSError: If the system can't read it now, which says nothing of what is in it.
    """
    if not path.is_file():
        return None
    try:
        # Opened here, since NumPy leaves a file open that is no archive.
        with path.open("rb") as opened, np.load(opened) as file:
            # An array whose header says that it is shorter is not read to its checksum.
            if (damaged := file.zip.testzip()) is not None:
                raise ValueError(f"{damaged} is not as it was written")
            arrays = dict(_as_written(name, file[name]) for name in file.files)
        if missing := [name for name in needed if name not in arrays]:
            raise ValueError(f"it has no {missing[0]}")
        return arrays
    except DAMAGED as error:
        # Zip files that end too early have it seek to places before their beginning.
        if getattr(error, "errno", None) not in (None, errno.EINVAL):
            raise
        _LOGGER.warning("%s is damaged (%s): %s.", path, error, otherwise)
        return None


def _as_written(name: str, array: np.ndarray | bytes) -> tuple[str, np.ndarray]:
    if not isinstance(array, np.ndarray):  # a file in the archive that does not begin as NumPy's
        raise ValueError(f"{name} is no array")
    if not name.endswith(BFLOAT16):
        return name, array
    return name.removesuffix(BFLOAT16), array.view(tf.bfloat16.as_numpy_dtype)
