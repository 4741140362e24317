"""Files that runs are made of, which must stay as they are meanwhile."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self

from dg_keras.common.file_digest import file_digest
from dg_keras.data.tables.file_versions import FileVersion, file_versions


class ChangedError(ValueError):
    """A file is no longer what it was when runs began to be made of it."""


class KnownFiles:
    """Files as they were when runs began to be made of them.

    Args:
        versions: What `file_versions` told of them before they were hashed.
        digests: The SHA-256 of each, in the same order.

    Attributes:
        digests: The same.
    """

    def __init__(self, versions: Iterable[FileVersion], digests: Sequence[str]) -> None:
        self.digests = list(digests)
        self._known = {
            path: ((changed, size), digest)
            for (path, changed, size), digest in zip(versions, self.digests, strict=True)
        }

    @classmethod
    def of(cls, paths: Sequence[Path]) -> Self:
        """Files as they are now."""
        versions = file_versions(paths)
        return cls(versions, [file_digest(path) for path in paths])

    def check(self) -> None:
        """Looks at the files again, and hashes those that were touched.

        Raises:
            ChangedError: If one is another, or gone.
        """
        for path, (version, digest) in self._known.items():
            now = _version(path)
            if now == version:
                continue
            if now is None or file_digest(path) != digest:
                done = "removed" if now is None else "changed"
                raise ChangedError(
                    "Images and weights must stay as they are while runs are made of them. "
                    f"Received: {str(path)!r}, which was {done} meanwhile"
                )
            self._known[path] = (now, digest)


def _version(path: Path) -> tuple[int, int] | None:
    try:
        ((_, changed, size),) = file_versions([path])
    except FileNotFoundError:
        return None
    return changed, size
