"""A folder of images as a table."""

import os
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from dg_keras.data.tables.as_table import as_table

SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".gif", ".webp"})


def scan_folder(root: str | os.PathLike[str]) -> pd.DataFrame:
    """Lists the images of a folder `<root>/<domain>/<class>/<image>`.

    Hidden files and folders, and files that are no images by their name, are left out. A class
    may be missing in a domain. A folder of a domain or class that would be left out as a whole must
    hold no images elsewhere, such as in `<domain>/train/<class>`.

    Args:
        root: The data set's folder.

    Returns:
        Table with the columns `path` (relative to `root`, with `/`), `domain` and `class`.

    Raises:
        ValueError: If the name of a folder or file is not UTF-8, two domains or classes have names
            that differ in their Unicode alone, or all images of a folder are elsewhere.
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
    if not rows:
        raise FileNotFoundError(
            "`root` must hold images as <domain>/<class>/<image>. Received: "
            f"{os.fspath(top)!r} with {contents(top)}"
        )
    table = as_table(top, rows)
    _check_none_is_left_out(top, found)
    for what in ("domain", "class"):
        _check_spelling(top, what, table[what].unique())
    return table


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


def _check_none_is_left_out(top: Path, found: Mapping[Path, Mapping[Path, Sequence[Path]]]) -> None:
    """Raises ValueError if a domain or class has no image in its place, and has one elsewhere."""
    for domain, labels in found.items():
        without = [label for label, inside in labels.items() if not inside]
        for folder in [domain, *without] if len(without) == len(labels) else without:
            image = _first_below(folder)
            if image is not None:
                raise ValueError(
                    "`root` must hold images as <domain>/<class>/<image>, or in folders whose name "
                    f"begins with a dot. Received: {os.fspath(top)!r}, whose folder "
                    f"{folder.relative_to(top).as_posix()!r} has none in their place, but "
                    f"{image.relative_to(top).as_posix()!r}"
                )


def _first_below(folder: Path) -> Path | None:
    """The first image in a folder or deeper, without hidden ones."""
    for place, inside, _ in os.walk(folder):
        inside[:] = sorted(name for name in inside if not name.startswith("."))
        here = images(Path(place))
        if here:
            return here[0]
    return None


def _check_spelling(top: Path, what: str, names: Iterable[str]) -> None:
    """Raises ValueError if names look the same: macOS writes letters and accents apart."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(unicodedata.normalize("NFC", name), name)
        if other != name:
            raise ValueError(
                f"A {what} in `root` must have one spelling in Unicode. Received: "
                f"{os.fspath(top)!r} with {other!a} and {name!a}, which look the same"
            )
