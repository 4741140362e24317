"""A process that another one started to work for it."""

import contextlib
import multiprocessing
import os
import threading
import time
from collections.abc import Iterator

_PARENT = "DG_KERAS_WORKS_FOR"  # in the environment of such a process: the other one's number
_EVERY = 0.5  # seconds between two looks


@contextlib.contextmanager
def ends_with_this_process() -> Iterator[None]:
    """What is started in here ends with this process, once it has begun to import dg_keras."""
    os.environ[_PARENT] = str(os.getpid())
    try:
        yield
    finally:
        del os.environ[_PARENT]


def end_with_parent() -> None:
    """Ends this process with the one that started it, if it was started so, whatever it does."""
    parent = os.environ.pop(_PARENT, None)
    if parent is not None:
        threading.Thread(target=_end_without, args=(int(parent),), daemon=True).start()


def _end_without(parent: int) -> None:
    # Nobody wants what we do, and one that is killed tells nobody.
    while _is_there(parent):
        time.sleep(_EVERY)
    os._exit(1)


def _is_there(parent: int) -> bool:
    # Windows never gives a process another parent, and multiprocessing knows it only once all has
    # been imported, which takes long.
    process = multiprocessing.parent_process()
    return os.getppid() == parent and (process is None or process.is_alive())
