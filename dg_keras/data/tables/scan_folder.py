"""A folder of images as a table."""

import os
from pathlib import Path

import pandas as pd

from dg_keras.data.tables.as_table import as_table

SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".gif", ".webp"})


def scan_folder(root: str | os.PathLike[str]) -> pd.DataFrame:
    """Lists the images of a folder `<root>/<domain>/<class>/<image>`.

    Hidden files and folders, and files that are no images by their name, are left out. A class
    may be missing in a domain.

    Args:
        root: The data set's folder.

    Returns:
        Table with the columns `path` (relative to `root`, with `/`), `domain` and `class`.

    Raises:
        ValueError: If the name of a folder or file is not UTF-8.
        FileNotFoundError: If there is no such folder, or no image where images are expected.
    """
    top = Path(root)
    if not top.is_dir():
        raise FileNotFoundError(f"`root` must be a folder. Received: {os.fspath(top)!r}")
    rows = [
        (image.relative_to(top).as_posix(), domain.name, label.name)
        for domain in folders(top)
        for label in folders(domain)
        for image in images(label)
    ]
    if not rows:
        raise FileNotFoundError(
            "`root` must hold images as <domain>/<class>/<image>. Received: "
            f"{os.fspath(top)!r} with {contents(top)}"
        )
    return as_table(top, rows)


def folders(parent: Path) -> list[Path]:
    """Returns the folders in a folder, sorted, without hidden ones."""
    return sorted(p for p in parent.iterdir() if p.is_dir() and not p.name.startswith("."))


def images(parent: Path) -> list[Path]:
    """Returns the files in a folder that are images by their name, sorted, without hidden ones."""
    return sorted(
        p
        for p in parent.iterdir()
        if p.suffix.lower() in SUFFIXES and not p.name.startswith(".") and not p.is_dir()
    )


def contents(folder: Path) -> str:
    """Returns the first names in a folder, for an error."""
    names = sorted(p.name for p in folder.iterdir())
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "") if names else "nothing in it"
