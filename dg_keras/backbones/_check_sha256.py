"""Tells a file of weights from any other."""

from pathlib import Path

from dg_keras.common.file_digest import file_digest


def check_sha256(path: Path, name: str, sha256: str) -> None:
    """Raises a `ValueError` if a file is not the one that is meant.

    Args:
        path: The file.
        name: What it is called, wherever it is.
        sha256: What its digest should be.
    """
    found = file_digest(path)
    if found != sha256:
        raise ValueError(
            f"{name} must be whole and have sha256 {sha256}. Received: {str(path)!r} with {found}"
        )
