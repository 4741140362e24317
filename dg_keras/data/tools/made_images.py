"""Which images of a folder that is being made are whole."""

import hashlib
import threading
from pathlib import Path

from dg_keras.common.write_whole import write_whole
from dg_keras.data.tables.manifest import read_manifest

_NOTES = ".prepared.sha256"


class MadeImages:
    """Writes images and notes their sha256, so that a later call knows which of them are whole.

    The notes have the form of `sha256sum`, and are gone when the manifest, which has them too, is
    written. Several threads may write.

    Args:
        folder: The folder that is made.

    Raises:
        ValueError: If the folder's manifest is faulty.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._notes = folder / _NOTES
        self._lock = threading.Lock()
        self._digests: dict[str, str] = {}
        if (folder / "manifest.csv").is_file():
            table = read_manifest(folder / "manifest.csv")
            self._digests.update(zip(table["path"], table.get("sha256", ()), strict=False))
        if self._notes.is_file():
            for line in self._notes.read_text(encoding="utf-8", errors="replace").splitlines():
                digest, _, path = line.partition("  ")  # that of a half line fits no file
                self._digests[path] = digest

    def digest(self, path: str) -> str | None:
        """The sha256 of an image that is whole.

        Args:
            path: The image, relative to the folder.

        Returns:
            Its digest; None if it is not there, or is not what was written.
        """
        file = self._folder / path
        if path not in self._digests or not file.is_file():
            return None
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        return digest if digest == self._digests[path] else None

    def write(self, path: str, content: bytes) -> None:
        """Writes an image.

        Args:
            path: The image, relative to the folder.
            content: Its content.
        """
        digest = hashlib.sha256(content).hexdigest()
        self._digests[path] = digest
        with self._lock, self._notes.open("a", encoding="utf-8") as notes:
            # The line break comes first, since the last line may be half a line.
            notes.write(f"\n{digest}  {path}")
        write_whole(self._folder / path, content, flush=False)  # the notes tell if it is whole

    def forget_notes(self) -> None:
        """Removes the notes, once the manifest is written."""
        self._notes.unlink(missing_ok=True)
