"""Where `prepare` takes a data set's images from."""

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import pandas as pd

from dg_keras.data.tables.known_datasets import KnownDataset
from dg_keras.data.tables.official_split import official_split
from dg_keras.data.tables.read_table import read_table
from dg_keras.data.tables.scan_folder import contents
from dg_keras.data.tables.scan_known import find_root
from dg_keras.data.tools.parquet_source import ParquetSource
from dg_keras.data.tools.unpack import ARCHIVES, unpack


class ImageSource(Protocol):
    """The images of a data set, wherever they are.

    Attributes:
        table: Columns `path`, `domain`, `class` and `split`, and maybe `concept` and `official`.
    """

    table: pd.DataFrame

    def read(self, rows: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        """Yields the chosen rows of the table, each with the content of its image file."""


@contextlib.contextmanager
def open_source(
    source: Path, known: KnownDataset, scratch: Path, seed: int, max_size: int
) -> Iterator[ImageSource]:
    """Opens a folder, an archive or parquet.

    Args:
        source: What `check_source` lets pass: a folder in any layout that `load` reads; a zip or
            tar file of one; a parquet file with the columns `image`, `domain` and `label`, as on
            the Hugging Face hub, or a folder of such files.
        known: The data set.
        scratch: A folder to unpack an archive to; it is gone afterwards.
        seed: What the split depends on where no manifest tells it.
        max_size: Bytes that an archive may unpack to.

    Yields:
        Its images.

    Raises:
        ValueError: If an archive or a parquet file is damaged, or holds what it should not.
        FileNotFoundError: If there are no images.
        ImportError: If it is parquet and pyarrow is not installed.
    """
    is_parquet = source.is_file() and source.suffix.lower() == ".parquet"
    shards = [source] if is_parquet else sorted(source.rglob("*.parquet"))
    if shards:
        yield ParquetSource(shards, known, seed)
    elif source.is_dir():
        yield _Folder(source, known, seed)
    else:
        shutil.rmtree(scratch, ignore_errors=True)  # what an interrupted run left
        try:
            unpack(source, scratch, max_size)
            try:
                images = _Folder(scratch, known, seed)
            except FileNotFoundError as error:  # it names the scratch folder
                raise FileNotFoundError(
                    f"`source` must hold {', '.join(known.domains)}, each with its classes' "
                    f"folders. Received: {str(source)!r} with {contents(scratch)}"
                ) from error
            yield images
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def check_source(source: Path) -> None:
    """Raises if a source is nothing that can be opened, as far as its name tells.

    Args:
        source: The source.

    Raises:
        ValueError: If it is a file with another suffix than those of archives and parquet.
        FileNotFoundError: If there is nothing.
    """
    if not source.exists():
        raise FileNotFoundError(
            f"`source` must be a folder, an archive or a parquet file. Received: {str(source)!r}, "
            "and nothing is there"
        )
    if not source.is_dir() and not source.name.lower().endswith((".parquet", *ARCHIVES)):
        raise ValueError(
            f"`source` must be a folder, a parquet file or one of {', '.join(ARCHIVES)}. "
            f"Received: {str(source)!r}"
        )


class _Folder:
    def __init__(self, folder: Path, known: KnownDataset, seed: int) -> None:
        self._root = find_root(folder, known)
        self.table = read_table(self._root, known, seed=seed)
        official = official_split(self._root, known, self.table)
        if official is not None:
            self.table["official"] = official

    def read(self, rows: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        for row in rows:
            yield row, (self._root / self.table["path"][row]).read_bytes()
