"""A data set's table on disk: which images there are, and in which split."""

import os
from pathlib import Path

import pandas as pd

from dg_keras.common.shortened import shortened
from dg_keras.common.write_whole import write_whole
from dg_keras.data.tables.csv_text import format_csv, parse_csv
from dg_keras.data.tables.split_table import SPLITS

_REQUIRED = ("path", "domain", "class")
_SHARED = (*_REQUIRED, "concept", "sha256", "split", "official")


def read_manifest(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Reads a manifest: a CSV file with a row per image.

    Args:
        path: A CSV file with the columns `path` (relative to the data set's folder, with `/`),
            `domain` and `class`, and maybe `concept`, `split` and others, which are kept. Links in
            the folder are followed, since its owner made them; no path leaves the folder by `..`.

    Returns:
        The table, all columns text.

    Raises:
        ValueError: If it is no CSV in UTF-8, a column is missing or comes twice, there are no rows,
            a path leaves the folder or comes twice, a domain or class has no name or a split an
            unknown one.
        FileNotFoundError: If there is no such file.
    """
    name = os.fspath(path)
    if not Path(path).is_file():
        raise FileNotFoundError(f"A manifest must be a CSV file. Received: no file {name!r}")
    try:
        header, rows = parse_csv(Path(path).read_bytes())
    except ValueError as error:
        raise ValueError(f"Manifest {name!r} must be CSV in UTF-8. Received: {error}") from error
    _check_header(header, name)
    if not rows:
        raise ValueError(f"Manifest {name!r} must have a row per image. Received: no rows")
    # A class may be called "NA" or "null": nothing is read as a missing value.
    table = pd.DataFrame(rows, columns=header, dtype=str)
    for image in table["path"]:
        if not _is_inside(image):
            raise ValueError(
                f"Manifest {name!r} must have paths that are relative to the data set's folder and "
                f"stay in it, without `.` and `..`. Received: {image!r}"
            )
    for column in ("domain", "class"):
        unnamed = table["path"][table[column] == ""]
        if len(unnamed):
            raise ValueError(
                f"Manifest {name!r} must name the {column} of each image. Received: none for "
                f"{unnamed.iloc[0]!r}"
            )
    twice = table["path"][table["path"].duplicated()]
    if len(twice):
        raise ValueError(f"Manifest {name!r} must name a file once. Received: {twice.iloc[0]!r}")
    for column in ("split", "official"):
        unknown = set(table.get(column, ())) - set(SPLITS)
        if unknown:
            raise ValueError(
                f"Column {column!r} of manifest {name!r} must be one of {', '.join(SPLITS)}. "
                f"Received: {min(unknown)!r}"
            )
    return table


def _check_header(header: list[str], name: str) -> None:
    missing = [column for column in _REQUIRED if column not in header]
    if missing:
        raise ValueError(
            f"Manifest {name!r} must have the columns {', '.join(_REQUIRED)}, in small letters and "
            f"with commas between them. Received: no {', '.join(missing)} in "
            f"{shortened(','.join(header))}"
        )
    twice = sorted({column for column in header if header.count(column) > 1})
    if twice:
        raise ValueError(
            f"Manifest {name!r} must have each column once. Received: several "
            f"{', '.join(map(repr, twice))}"
        )


def _is_inside(path: str) -> bool:
    """Whether a path is relative, stays inside, and is the only way to write what it means."""
    parts = path.split("/")
    return not {"", ".", ".."} & set(parts) and "\0" not in path


def write_manifest(table: pd.DataFrame, path: str | os.PathLike[str]) -> None:
    """Writes what makes a data set and its split, to be read back or shared.

    The file is there as a whole or not at all.

    Args:
        table: A table as `load(...).table`; its columns path, domain, class, and those of concept,
            sha256, split and official (the split its authors published) that it has, are written.
        path: The CSV file to write.
    """
    columns = [column for column in _SHARED if column in table.columns]
    cells = table[columns].where(table[columns].notna(), "").astype(str)
    write_whole(Path(path), format_csv(columns, cells.to_numpy()))
