"""A file that is there as a whole or not at all."""

import contextlib
import os
import socket
import zlib
from collections.abc import Iterator
from pathlib import Path

from dg_keras.common.told_if_full import told_if_full


@contextlib.contextmanager
def written_whole(path: Path, size: int, flush: bool = True) -> Iterator[Path]:
    """A new file to write, which takes the place of another when it is whole.

    Whatever fails before leaves the other as it was.

    Args:
        path: The file. Its folder is made where it does not exist.
        size: What it takes, about, in bytes; told where there is no space for it.
        flush: Whether to wait until it is on the disk, so that it is whole after a loss of power,
            too. That takes milliseconds: too much for each of many files that are checked when
            they are read.

    Yields:
        The new file, beside it.

    Raises:
        NoSpaceError: If there is no space left.
    """
    # Keeps two processes, of two machines it may be, from writing one file.
    machine = zlib.crc32(socket.gethostname().encode())
    partial = path.with_name(f".{path.name}.{machine:x}-{os.getpid()}.partial")
    try:
        with told_if_full(path, size):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield partial
            if flush:
                with partial.open("r+b") as file:  # Windows flushes no file that is only read
                    os.fsync(file.fileno())
            partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
