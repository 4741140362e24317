"""A known data set's folder as a table, whichever of its layouts it has."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from dg_keras.data.tables.as_table import as_table
from dg_keras.data.tables.known_datasets import KnownDataset
from dg_keras.data.tables.manifest import read_manifest
from dg_keras.data.tables.scan_folder import contents, folders, images

# Folders between a domain and its classes, and the part of the published split they hold.
SPLIT_FOLDERS = {
    "train": "train",
    "crossval": "validation",
    "val": "validation",
    "validation": "validation",
    "test": "test",
    "full": None,  # all images of the domain once more
}
_INNER_FOLDERS = ("", "kfold", "images", "images/kfold")


def find_root(root: Path, known: KnownDataset) -> Path:
    """Returns the data set's own folder.

    Args:
        root: That folder, or one that holds it under one of its usual names or holds nothing else.
        known: The data set.

    Returns:
        The first folder that has domains or a manifest; `root` itself if there is none.
    """
    if not root.is_dir() or _holds(root, known):
        return root
    inside = folders(root)
    named = [folder for folder in inside if known.is_name_of(folder.name)]
    named.sort(key=lambda folder: not (folder / "manifest.csv").is_file())  # prepared ones first
    for folder in named or (inside if len(inside) == 1 else []):
        found = find_root(folder, known)
        if _holds(found, known):
            return found
    return root


def scan_known(root: Path, known: KnownDataset) -> pd.DataFrame:
    """Lists the images of a known data set's folder.

    Domains may be in the folder itself, in `kfold` or in `images`, under any of their names; split
    folders such as `train` and `test` may be between a domain and its classes. Folders of images
    that are no known domain or class keep their name, so that a check can name them.

    Args:
        root: The data set's folder.
        known: The data set.

    Returns:
        Table with the columns `path` (relative to `root`, with `/`), `domain` and `class`.

    Raises:
        ValueError: If the name of a folder or file is not UTF-8.
        FileNotFoundError: If there is no image where images are expected.
    """
    top = _domains_folder(root, known)
    if top is None:
        raise FileNotFoundError(
            f"The folder of {known.name!r} must hold {', '.join(known.domains)}, each with its "
            "classes' folders; `python -m dg_keras.data prepare` makes it of an archive or of "
            f"parquet. Received: {str(root)!r} with {contents(root)}"
        )
    rows = [
        (
            image.relative_to(root).as_posix(),
            known.find_domain(domain.name) or domain.name,
            known.find_class(label.name) or label.name,
        )
        for domain in folders(top)
        for label in _class_folders(domain)
        for image in images(label)
    ]
    return as_table(root, rows)


def is_laid_out(root: Path, known: KnownDataset) -> bool:
    """Whether the domains in a folder, or those of its manifest, are a known data set's.

    Args:
        root: The folder that `find_root` tells.
        known: The data set.

    Raises:
        ValueError: If the manifest is faulty.
    """
    manifest = root / "manifest.csv"
    if manifest.is_file():
        return _are_domains(read_manifest(manifest)["domain"].unique(), known)
    return _domains_folder(root, known) is not None


def _holds(folder: Path, known: KnownDataset) -> bool:
    return (folder / "manifest.csv").is_file() or _domains_folder(folder, known) is not None


def _domains_folder(root: Path, known: KnownDataset) -> Path | None:
    for top in (root / inner for inner in _INNER_FOLDERS):
        if top.is_dir() and _are_domains((folder.name for folder in folders(top)), known):
            return top
    return None


def _are_domains(names: Iterable[str], known: KnownDataset) -> bool:
    # One is not enough: a folder of data sets may have an "Art" or a "SUN" that is another.
    return len({known.find_domain(name) for name in names} - {None}) > 1


def _class_folders(domain: Path) -> list[Path]:
    inside = folders(domain)
    splits = {folder.name.lower(): folder for folder in inside}
    if not splits.keys() & SPLIT_FOLDERS.keys():
        return inside
    if "full" in splits:
        return folders(splits["full"])
    return [label for folder in inside for label in folders(folder)]
