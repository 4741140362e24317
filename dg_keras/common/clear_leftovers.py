"""What processes leave behind that are killed."""

import contextlib
from collections.abc import Iterable
from pathlib import Path


def clear_leftovers(folders: Iterable[Path]) -> None:
    """Removes the files that dead processes were about to write, see `written_whole`.

    No living process may be writing into the folders: their lock must be held.

    Args:
        folders: Those to look in; they need not be there.
    """
    for folder in folders:
        for path in folder.glob(".*.partial"):
            with contextlib.suppress(FileNotFoundError):  # a dying worker removed its own
                path.unlink()
