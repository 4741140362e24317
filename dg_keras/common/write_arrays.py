"""A file of arrays, of which at no moment there is half."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dg_keras.common.written_whole import written_whole


def write_arrays(path: Path, arrays: Mapping[str, Any]) -> None:
    """Writes arrays as `np.savez` does; see `written_whole`.

    Args:
        path: The file.
        arrays: By name; numbers and text become arrays.
    """
    named: dict[str, Any] = {name: np.asarray(value) for name, value in arrays.items()}
    size = sum(array.nbytes for array in named.values())
    # No HDF5: on a full disk its library goes on to crash the process.
    with written_whole(path, size) as new, new.open("wb") as file:
        np.savez(file, **named)
