"""A file that is there as a whole or not at all."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class NoSpaceError(OSError):
    """There is no space left for a file."""


@contextlib.contextmanager
def written_whole(path: Path, size: int) -> Iterator[Path]:
    """A new file to write, which takes the place of another when it is whole and on the disk.

    Whatever fails before leaves the other as it was.

    Args:
        path: The file. Its folder is made where it does not exist.
        size: What it takes, about, in bytes; told where there is no space for it.

    Yields:
        The new file, beside it.

    Raises:
        NoSpaceError: If there is no space left.
    """
    # The process' number keeps two of them from writing one file.
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException as error:
        partial.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno in _FULL:
            raise NoSpaceError(
                f"No space is left for {path.name}, which takes {size / 1e6:.1f} MB, in "
                f"{path.parent} ({os.strerror(error.errno)}): free as much, and the same command "
                "goes on",
            ) from error
        raise
