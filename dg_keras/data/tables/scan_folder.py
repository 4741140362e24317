"""A folder of images as a table."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd

from dg_keras.data.tables.as_table import as_table

SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif", ".webp")
"""Ends of the names of images that are read."""

UNREAD = (
    *(".avif", ".dcm", ".dicom", ".heic", ".heif", ".jp2", ".jxl", ".nii", ".nii.gz", ".npy"),
    *(".pbm", ".pgm", ".ppm", ".psd", ".svg", ".tga", ".tif", ".tiff"),
)
"""Ends of the names of images in formats that are not read."""


def scan_folder(root: str | os.PathLike[str]) -> pd.DataFrame:
    """Lists the images of a folder `<root>/<domain>/<class>/<image>`.

    Hidden files and folders, and files that are no images by their name, are left out. A class
    may be missing in a domain. A folder of a domain or class that would be left out as a whole must
    hold no images elsewhere, such as in `<domain>/train/<class>`, or in formats that are not read.

    Args:
        root: The data set's folder.

    Returns:
        Table with the columns `path` (relative to `root`, with `/`), `domain` and `class`.

    Raises:
        ValueError: If the name of a folder or file is not UTF-8, or all images of a domain's or
            class' folder are elsewhere or in formats that are not read.
        FileNotFoundError: If there is no such folder, or no image where images are expected.
    """
    top = Path(root)
    if not top.is_dir():
        raise FileNotFoundError(f"`root` must be a folder. Received: {os.fspath(top)!r}")
    found = {domain: {label: images(label) for label in folders(domain)} for domain in folders(top)}
    rows = [
        (image.relative_to(top).as_posix(), domain.name, label.name)
        for domain, labels in found.items()
        for label, inside in labels.items()
        for image in inside
    ]
    left_out = list(_left_out(found))
    _check_formats(top, left_out)
    if not rows:
        raise FileNotFoundError(
            "`root` must hold images as <domain>/<class>/<image>. Received: "
            f"{os.fspath(top)!r} with {contents(top)}"
        )
    table = as_table(top, rows)
    _check_places(top, left_out)
    return table


def folders(parent: Path) -> list[Path]:
    """Returns the folders in a folder, sorted, without hidden ones."""
    return sorted(p for p in parent.iterdir() if p.is_dir() and not p.name.startswith("."))


def images(parent: Path, suffixes: tuple[str, ...] = SUFFIXES) -> list[Path]:
    """Returns the files in a folder that are images by their name, sorted, without hidden ones."""
    return sorted(
        p
        for p in parent.iterdir()
        if p.name.lower().endswith(suffixes) and not p.name.startswith(".") and not p.is_dir()
    )


def unread_format(name: str) -> str | None:
    """Returns the one of `UNREAD` that a file's name ends in, or None."""
    return next((suffix for suffix in UNREAD if name.lower().endswith(suffix)), None)


def contents(folder: Path) -> str:
    """Returns the first names in a folder, for an error."""
    names = sorted(p.name for p in folder.iterdir())
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "") if names else "nothing in it"


def _left_out(found: Mapping[Path, Mapping[Path, Sequence[Path]]]) -> Iterator[Path]:
    """The folders of domains and classes that have no image in its place."""
    for domain, labels in found.items():
        without = [label for label, inside in labels.items() if not inside]
        yield from [domain, *without] if len(without) == len(labels) else without


def _check_formats(top: Path, left_out: Sequence[Path]) -> None:
    """Raises ValueError if what is in a class' place has images, none of which is read."""
    for folder in left_out:
        inside = [] if folder.parent == top else images(folder, UNREAD)
        if inside and _first_below(folder, SUFFIXES) is None:
            raise ValueError(
                f"`root` must hold images that are {', '.join(SUFFIXES)} by their name, or in "
                f"folders whose name begins with a dot. Received: {os.fspath(top)!r}, whose folder "
                f"{folder.relative_to(top).as_posix()!r} has none, but "
                f"{inside[0].relative_to(top).as_posix()!r}"
            )


def _check_places(top: Path, left_out: Sequence[Path]) -> None:
    """Raises ValueError if a folder that is left out has images elsewhere than in their place."""
    for folder in left_out:
        image = _first_below(folder, SUFFIXES)
        if image is not None:
            raise ValueError(
                "`root` must hold images as <domain>/<class>/<image>, or in folders whose name "
                f"begins with a dot. Received: {os.fspath(top)!r}, whose folder "
                f"{folder.relative_to(top).as_posix()!r} has none in their place, but "
                f"{image.relative_to(top).as_posix()!r}"
            )


def _first_below(folder: Path, suffixes: tuple[str, ...]) -> Path | None:
    """The first image in a folder or deeper, without hidden ones."""
    for place, inside, _ in os.walk(folder):
        inside[:] = sorted(name for name in inside if not name.startswith("."))
        here = images(Path(place), suffixes)
        if here:
            return here[0]
    return None
