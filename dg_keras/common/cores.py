"""How many cores a process has."""

import os


def cores() -> int:
    """The cores that the system lets this process use, which may be fewer than the machine has.

    TensorFlow computes with as many threads.
    """
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows, which have no such bound
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
