"""Write a file as a whole or not at all."""

import os
from pathlib import Path


def write_atomically(path: str | os.PathLike[str], content: bytes) -> None:
    """Writes a file that is never seen half written, whenever the writing is interrupted.

    Args:
        path: The file to write. Until it is whole it has a hidden name beside it.
        content: Its content.
    """
    path = Path(path)
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
