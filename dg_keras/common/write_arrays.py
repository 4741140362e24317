"""A file of arrays, of which at no moment there is half."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dg_keras.common.written_whole import written_whole

BFLOAT16 = "::bfloat16"
"""What is put behind the name of an array of that dtype, which is written as uint16."""


def write_arrays(path: Path, arrays: Mapping[str, Any]) -> None:
    """Writes arrays as `np.savez` does; see `written_whole`.

    Args:
        path: The file.
        arrays: By name; numbers and text become arrays.
    """
    named: dict[str, Any] = {}
    for name, value in arrays.items():
        array = np.asarray(value)
        # NumPy's files have no word for it.
        is_bfloat16 = array.dtype.name == "bfloat16"
        named[name + BFLOAT16 * is_bfloat16] = array.view("uint16") if is_bfloat16 else array
    size = sum(array.nbytes for array in named.values())
    # No HDF5: on a full disk its library goes on to crash the process.
    with written_whole(path, size) as new, new.open("wb") as file:
        np.savez(file, **named)
