"""Writes a file as a whole or not at all."""

from pathlib import Path

from dg_keras.common.written_whole import written_whole


def write_whole(path: Path, content: bytes, flush: bool = True) -> None:
    """Writes a file that is never seen half written, whenever the writing is interrupted.

    Args:
        path: The file. Its folder is made where it does not exist.
        content: Its content.
        flush: Whether to wait until it is on the disk; see `written_whole`.

    Raises:
        NoSpaceError: If there is no space left.
    """
    with written_whole(path, len(content), flush) as new:
        new.write_bytes(content)
