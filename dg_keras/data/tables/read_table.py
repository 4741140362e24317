"""A data set's folder as the table that all the rest works on."""

import os
from pathlib import Path

import pandas as pd

from dg_keras.data.tables.check_names import check_names
from dg_keras.data.tables.known_datasets import KnownDataset
from dg_keras.data.tables.manifest import read_manifest
from dg_keras.data.tables.scan_folder import scan_folder
from dg_keras.data.tables.scan_known import scan_known
from dg_keras.data.tables.split_table import split_table
from dg_keras.data.tables.standard_names import standard_names


def read_table(
    root: Path,
    known: KnownDataset | None = None,
    manifest: str | os.PathLike[str] | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Reads what images there are, and splits them.

    Args:
        root: The data set's folder.
        known: The data set, if it is a known one.
        manifest: A manifest to use instead of the folder's own.
        seed: What the split depends on where no manifest tells it.

    Returns:
        Table with the columns `path`, `domain`, `class`, `label` and `split`, and what else a
        manifest has, sorted so that no file system or manifest decides the order of its rows.

    Raises:
        ValueError: If a manifest is faulty, `scan_folder` or `scan_known` refuses the folder, or
            two domains or classes have names that look the same.
        FileNotFoundError: If there are no images, or `manifest` is not there.
    """
    own = root / "manifest.csv"
    if manifest is None and (own.is_file() or (known is not None and known.needs_manifest)):
        manifest = own
    if manifest is not None:
        table = read_manifest(manifest)
    elif known is not None:
        table = scan_known(root, known)
    else:
        table = scan_folder(root)
    source = os.fspath(root if manifest is None else manifest)
    check_names(table, source)
    table = table.sort_values(["domain", "class", "path"], ignore_index=True)
    labels = {name: label for label, name in enumerate(sorted(table["class"].unique()))}
    numbers = table["class"].map(labels)
    if "label" in table.columns:
        _check_labels(table, numbers, source)
    table["label"] = numbers
    if "split" not in table.columns:
        # Copies of a known data set in different layouts and formats get the same split.
        named = table if known is None else table.assign(path=standard_names(table))
        table["split"] = split_table(named, seed)
    first = ["path", "domain", "class", "label"]
    return table[first + [column for column in table.columns if column not in first]]


def _check_labels(table: pd.DataFrame, numbers: pd.Series, manifest: str) -> None:
    """Raises ValueError if a manifest numbers its classes otherwise than they are numbered here."""
    other = table["label"] != numbers.astype(str)
    if other.any():
        row = table[other].iloc[0]
        raise ValueError(
            f"Column 'label' of manifest {manifest!r} must number the classes from 0 in the order "
            f"of their names, or have another name. Received: {row['label']!r} for class "
            f"{row['class']!r}, which is {numbers[row.name]}"
        )
