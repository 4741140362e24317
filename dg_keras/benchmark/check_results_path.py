"""Where results may go."""

import os
from pathlib import Path

from dg_keras.common.check_can_be_file import check_can_be_file
from dg_keras.common.shortened import shortened
from dg_keras.common.shown_path import shown_path

_NAME_BYTES = 255


def check_results_path(folder: Path) -> None:
    """Raises ValueError unless there is such a folder, or one could be made there.

    Args:
        folder: Of an experiment's results, `<results>/<name>`.
    """
    check_can_be_file("`results`", str(folder))
    rule = "`results` must be a folder, or the path of one that can be made"
    long = [part for part in folder.parts if len(os.fsencode(part)) > _NAME_BYTES]
    if long:
        size = len(os.fsencode(long[0]))
        raise ValueError(
            f"{rule}, of names of at most {_NAME_BYTES} bytes. "
            f"Received: {shortened(long[0])} of {size:,} bytes"
        )
    try:
        there = next(place for place in (folder, *folder.parents) if place.exists())
        is_folder = there.is_dir()
    except OSError as error:
        raise ValueError(
            f"{rule}. Received: {shown_path(folder)!r}, and {error.strerror}"
        ) from error
    if not is_folder:
        raise ValueError(
            f"{rule}. Received: {shown_path(folder)!r}, and {shown_path(there)} is none"
        )
