"""One process at a time uses a folder."""

import contextlib
import datetime
import logging
import os
import shlex
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import filelock

from dg_keras.common.one_line import one_line
from dg_keras.common.shown_path import shown_path

_LOGGER = logging.getLogger(__name__)


class InUseError(RuntimeError):
    """Another process uses a folder."""


@contextlib.contextmanager
def sole_user(folder: Path, use: str, doing: str, wait: bool) -> Iterator[None]:
    """Keeps other processes from one use of a folder, or is kept from it by them.

    The system holds the lock, and lets go of it when its holder ends, however that ends: a lock
    file that is left over keeps nobody away. Who has the folder may ask for it again.

    Args:
        folder: The folder, which must be there.
        use: A short name of the use: the lock is `.<use>.lock`, and `.<use>.holder` tells whose.
        doing: What the holder does with the folder, such as "made".
        wait: Whether to wait until another process ends, and say for whom, or to raise.

    Yields:
        When the folder is this process' own.

    Raises:
        InUseError: If another process uses it, and `wait` is false.
    """
    # One lock for each path and thread, which counts how often it was asked for.
    lock = filelock.FileLock(folder / f".{use}.lock", is_singleton=True)
    if lock.is_locked:
        with lock:
            yield
        return
    holder = folder / f".{use}.holder"
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout as error:
        other = _read(holder) or "another process"
        if not wait:
            raise InUseError(
                f"{shown_path(folder)} is being {doing} by {other}: wait until it ends, or stop it"
            ) from error
        _LOGGER.warning("%s is being %s by %s: waiting until it ends.", folder, doing, other)
        lock.acquire()
    try:
        holder.write_text(_ourselves(), encoding="utf-8", errors="backslashreplace")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _read(holder: Path) -> str:
    try:
        return holder.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:  # it has just taken the lock, or just lets go of it
        return ""


def _ourselves() -> str:
    now = datetime.datetime.now().astimezone()
    command = one_line(shlex.join(sys.orig_argv))
    return (
        f"process {os.getpid()} on {socket.gethostname()} since {now:%Y-%m-%d %H:%M:%S} ({command})"
    )
