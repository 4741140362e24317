"""One process at a time makes a folder."""

import contextlib
import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import filelock

from dg_keras.data.tables.write_atomically import write_atomically

_LOGGER = logging.getLogger(__name__)
_LOCK = ".prepare.lock"
_HOLDER = ".prepare.holder"


@contextlib.contextmanager
def sole_writer(folder: Path) -> Iterator[None]:
    """Waits until no other process makes a folder, and then keeps others waiting.

    The system holds the lock, and lets go of it when its holder ends, however that ends: a lock
    file that is left over keeps nobody waiting. Who has to wait says for whom.

    Args:
        folder: The folder, which must be there.

    Yields:
        When the folder is this process' own.
    """
    lock = filelock.FileLock(folder / _LOCK)
    holder = folder / _HOLDER
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        other = holder.read_text(encoding="utf-8") if holder.is_file() else "another process"
        _LOGGER.warning("%s is being made by %s: waiting until it ends.", folder, other)
        lock.acquire()
    try:
        write_atomically(holder, f"process {os.getpid()} on {socket.gethostname()}".encode())
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()
