"""A disk that is full."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class NoSpaceError(OSError):
    """There is no space left for a file."""


@contextlib.contextmanager
def told_if_full(path: Path, size: int) -> Iterator[None]:
    """Says in one sentence what there is no space for, and how much it takes.

    Args:
        path: What is written.
        size: What it takes, about, in bytes.

    Raises:
        NoSpaceError: If there is no space left.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        needed = f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.1f} kB"
        raise NoSpaceError(
            f"No space is left for {path.name}, which takes {needed}, in "
            f"{path.parent} ({os.strerror(error.errno)}): free as much, and the same command "
            "goes on",
        ) from error
