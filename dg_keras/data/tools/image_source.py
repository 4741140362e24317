"""Where `prepare` takes a data set's images from."""

import contextlib
import itertools
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from dg_keras.data.tables.known_datasets import KnownDataset
from dg_keras.data.tables.official_split import official_split
from dg_keras.data.tables.read_table import read_table
from dg_keras.data.tables.scan_known import find_root
from dg_keras.data.tables.split_table import split_table
from dg_keras.data.tables.standard_names import standard_names

_ARCHIVES = tuple(suffix for _, suffixes, _ in shutil.get_unpack_formats() for suffix in suffixes)
_ROWS = 64  # of a parquet file that are in memory together


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
    source: Path, known: KnownDataset, scratch: Path, seed: int
) -> Iterator[ImageSource]:
    """Opens a folder, an archive or parquet.

    Args:
        source: A folder in any layout that `load` reads; a zip or tar file of one; a parquet file
            with the columns `image`, `domain` and `label`, as on the Hugging Face hub, or a folder
            of such files.
        known: The data set.
        scratch: A folder to unpack an archive to; it is gone afterwards.
        seed: What the split depends on where no manifest tells it.

    Yields:
        Its images.

    Raises:
        FileNotFoundError: If there is nothing.
        ImportError: If it is parquet and pyarrow is not installed.
    """
    if not source.exists():
        raise FileNotFoundError(
            f"`source` must be a folder, an archive or a parquet file. Received: {str(source)!r}, "
            "and nothing is there"
        )
    shards = [source] if source.suffix == ".parquet" else sorted(source.rglob("*.parquet"))
    if shards:
        yield _Parquet(shards, known, seed)
    elif source.is_dir():
        yield _Folder(source, known, seed)
    else:
        with _unpacked(source, scratch):
            yield _Folder(scratch, known, seed)


@contextlib.contextmanager
def _unpacked(archive: Path, folder: Path) -> Iterator[None]:
    if not archive.name.lower().endswith(_ARCHIVES):
        raise ValueError(
            f"`source` must be a folder, a parquet file or one of {', '.join(_ARCHIVES)}. "
            f"Received: {str(archive)!r}"
        )
    shutil.rmtree(folder, ignore_errors=True)  # what an interrupted run left
    # Without "data", a tar file could write wherever it likes; zip files never can.
    safely = {} if archive.suffix.lower() == ".zip" else {"filter": "data"}
    try:
        shutil.unpack_archive(archive, folder, **safely)
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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


class _Parquet:
    """Shards whose columns are `image` (a struct of bytes and path), `domain` and `label`."""

    def __init__(self, shards: Sequence[Path], known: KnownDataset, seed: int) -> None:
        try:
            from pyarrow.parquet import ParquetFile
        except ImportError as error:
            raise ImportError(
                "Parquet needs pyarrow; `pip install dg_keras[hub]` installs it"
            ) from error
        self._shards = [ParquetFile(shard) for shard in shards]
        rows = [
            (path, domain, label)
            for name, shard in zip(shards, self._shards, strict=True)
            for path, domain, label in _rows(name, shard, known)
        ]
        self.table = pd.DataFrame(rows, columns=["path", "domain", "class"])
        # Without file names, rows are named by their number.
        numbers = pd.Series([f"{row:06d}" for row in range(len(rows))])
        self.table["path"] = self.table["path"].where(self.table["path"] != "", numbers)
        named = self.table.assign(path=standard_names(self.table))
        self.table["split"] = split_table(named, seed)

    def read(self, rows: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        chosen = set(rows)
        batches = itertools.chain.from_iterable(
            shard.iter_batches(batch_size=_ROWS, columns=["image.bytes"]) for shard in self._shards
        )
        images = (image["bytes"] for batch in batches for image in batch["image"].to_pylist())
        for row, content in enumerate(images):
            if row in chosen:
                yield row, content


def _rows(name: Path, shard: Any, known: KnownDataset) -> Iterator[tuple[str, str, str]]:
    """Yields path, domain and class of each row of a `ParquetFile`."""
    missing = {"image", "domain", "label"} - set(shard.schema_arrow.names)
    if missing:
        raise ValueError(
            "A parquet file must have the columns image, domain and label. Received: "
            f"{str(name)!r} with {', '.join(shard.schema_arrow.names)}"
        )
    classes = _class_names(shard)
    for row in shard.read(["image.path", "domain", "label"]).to_pylist():
        label = str(row["label"] if classes is None else classes[row["label"]])
        domain = known.find_domain(row["domain"]) or row["domain"]
        yield row["image"]["path"] or "", domain, known.find_class(label) or label


def _class_names(shard: Any) -> list[str] | None:
    """The names of class numbers, which the hub's files carry beside Arrow's schema."""
    metadata = (shard.schema_arrow.metadata or {}).get(b"huggingface")
    features = json.loads(metadata)["info"]["features"] if metadata else {}
    return features.get("label", {}).get("names")
