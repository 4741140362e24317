"""Tells a file from any other."""

import hashlib
from pathlib import Path


def file_digest(path: Path) -> str:
    """The SHA-256 of what a file holds, which may be larger than the memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
