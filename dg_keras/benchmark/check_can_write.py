"""Whether results can be written, asked before the work."""

import tempfile
from pathlib import Path

from dg_keras.common.shown_path import shown_path

_BYTES = 2**20  # more than a report takes without its figures


def check_can_write(folder: Path) -> None:
    """Raises ValueError unless files can be written there.

    Args:
        folder: Of an experiment's results; where it is not there yet, the nearest folder around it
            is asked, and nothing is left in it.
    """
    there = next(place for place in (folder, *folder.absolute().parents) if place.is_dir())
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(bytes(_BYTES))
            file.flush()
    except OSError as error:
        raise ValueError(
            "`results` must be a folder that can be written. "
            f"Received: {shown_path(folder)!r}, and {error.strerror} in {shown_path(there)}"
        ) from error
