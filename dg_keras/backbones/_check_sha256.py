"""Tells a file of weights from any other."""

import hashlib
from pathlib import Path


def check_sha256(path: Path, name: str, sha256: str) -> None:
    """Raises a `ValueError` if a file is not the one that is meant.

    Args:
        path: The file.
        name: What it is called, wherever it is.
        sha256: What its digest should be.
    """
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise ValueError(
            f"{name} must be whole and have sha256 {sha256}. Received: {str(path)!r} with {found}"
        )
