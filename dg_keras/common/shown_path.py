"""A path as an error shows it."""

import os

from dg_keras.common.one_line import one_line


def shown_path(path: str | os.PathLike[str]) -> str:
    """The path on one line, whole unless it is longer than any that people mean.

    Args:
        path: What a user gave.
    """
    return one_line(repr(os.fspath(path))[1:-1], 160)
