"""Files as they are now."""

from collections.abc import Iterable
from pathlib import Path

FileVersion = tuple[Path, int, int]


def file_versions(paths: Iterable[Path]) -> tuple[FileVersion, ...]:
    """Tells files from what they were before, so that one that was changed is read anew.

    Args:
        paths: The files.

    Returns:
        Of each file its path, the time of its last change in ns, and its size in bytes.

    Raises:
        FileNotFoundError: If a file is not there.
    """
    stats = [(path.absolute(), path.stat()) for path in paths]
    return tuple((path, stat.st_mtime_ns, stat.st_size) for path, stat in stats)
