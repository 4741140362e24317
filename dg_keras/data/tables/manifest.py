"""A data set's table on disk: which images there are, and in which split."""

import os
from pathlib import Path

import pandas as pd

from dg_keras.data.tables.split_table import SPLITS
from dg_keras.data.tables.write_atomically import write_atomically

_REQUIRED = ("path", "domain", "class")
_SHARED = (*_REQUIRED, "concept", "sha256", "split", "official")


def read_manifest(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Reads a manifest: a CSV file with a row per image.

    Args:
        path: A CSV file with the columns `path` (relative to the data set's folder, with `/`),
            `domain` and `class`, and maybe `concept`, `split` and others, which are kept.

    Returns:
        The table, all columns text.

    Raises:
        ValueError: If a column is missing, there are no rows, a path comes twice or a split has
            an unknown name.
        FileNotFoundError: If there is no such file.
    """
    name = os.fspath(path)
    if not Path(path).is_file():
        raise FileNotFoundError(f"A manifest must be a CSV file. Received: no file {name!r}")
    # A class may be called "NA" or "null": nothing is read as a missing value.
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    missing = [column for column in _REQUIRED if column not in table.columns]
    if missing:
        raise ValueError(
            f"Manifest {name!r} must have the columns {', '.join(_REQUIRED)}. Received: "
            f"{', '.join(table.columns)}"
        )
    if table.empty:
        raise ValueError(f"Manifest {name!r} must have a row per image. Received: no rows")
    twice = table["path"][table["path"].duplicated()]
    if len(twice):
        raise ValueError(f"Manifest {name!r} must name a file once. Received: {twice.iloc[0]!r}")
    for column in {"split", "official"} & set(table.columns):
        unknown = set(table[column]) - set(SPLITS)
        if unknown:
            raise ValueError(
                f"Column {column!r} of manifest {name!r} must be one of {', '.join(SPLITS)}. "
                f"Received: {min(unknown)!r}"
            )
    return table


def write_manifest(table: pd.DataFrame, path: str | os.PathLike[str]) -> None:
    """Writes what makes a data set and its split, to be read back or shared.

    The file is there as a whole or not at all.

    Args:
        table: A table as `load(...).table`; its columns path, domain, class, and those of concept,
            sha256, split and official (the split its authors published) that it has, are written.
        path: The CSV file to write.
    """
    columns = [column for column in _SHARED if column in table.columns]
    text = table.to_csv(columns=columns, index=False, lineterminator="\n")
    write_atomically(path, text.encode())
