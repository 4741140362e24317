"""Parquet as an image source."""

import contextlib
import itertools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from dg_keras.data.tables.known_datasets import KnownDataset
from dg_keras.data.tables.split_table import split_table
from dg_keras.data.tables.standard_names import standard_names

_ROWS = 64  # of a parquet file that are in memory together


class ParquetSource:
    """Shards whose columns are `image` (a struct of bytes and path), `domain` and `label`.

    Args:
        shards: The parquet files.
        known: The data set.
        seed: What the split depends on.

    Attributes:
        table: Columns `path`, `domain`, `class` and `split`.

    Raises:
        ValueError: If a file is damaged or holds something else.
        ImportError: If pyarrow is not installed.
    """

    def __init__(self, shards: Sequence[Path], known: KnownDataset, seed: int) -> None:
        try:
            from pyarrow.parquet import ParquetFile
        except ImportError as error:
            raise ImportError(
                "Parquet needs pyarrow; `pip install dg_keras[hub]` installs it"
            ) from error
        self._shards = []
        rows = []
        for path in shards:
            with _reading(path):
                shard = ParquetFile(path)
            self._shards.append((path, shard))
            rows += _rows(path, shard, known)
        self.table = pd.DataFrame(rows, columns=["path", "domain", "class"])
        # Without file names, rows are named by their number.
        numbers = pd.Series([f"{row:06d}" for row in range(len(rows))])
        self.table["path"] = self.table["path"].where(self.table["path"] != "", numbers)
        named = self.table.assign(path=standard_names(self.table))
        self.table["split"] = split_table(named, seed)

    def read(self, rows: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        """Yields the chosen rows, each with the content of its image file."""
        chosen = set(rows)
        contents = itertools.chain.from_iterable(itertools.starmap(_contents, self._shards))
        for row, content in enumerate(contents):
            if row in chosen:
                yield row, content


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    from pyarrow import ArrowException

    try:
        yield
    except (ArrowException, OSError) as error:
        if getattr(error, "errno", None) is not None:  # of the system, not of the format
            raise
        raise ValueError(
            f"A parquet file must be whole. Received: {str(path)!r}, which is damaged, cut off or "
            "no parquet"
        ) from error


def _contents(path: Path, shard: Any) -> Iterator[bytes]:
    batches = shard.iter_batches(batch_size=_ROWS, columns=["image.bytes"])
    while True:
        with _reading(path):
            batch = next(batches, None)
        if batch is None:
            return
        yield from (image["bytes"] or b"" for image in batch["image"].to_pylist())


def _rows(path: Path, shard: Any, known: KnownDataset) -> list[tuple[str, str, str]]:
    """Path, domain and class of each row of a `ParquetFile`."""
    _check_columns(path, shard.schema_arrow)
    classes = _class_names(path, shard.schema_arrow) or known.classes
    with _reading(path):
        rows = shard.read(["image.path", "domain", "label"]).to_pylist()
    named = []
    for number, row in enumerate(rows):
        image, domain, label = row["image"], row["domain"], row["label"]
        if image is None or domain is None or label is None:
            raise ValueError(
                "A parquet file must have an image, a domain and a label in each row. Received: "
                f"{str(path)!r}, whose row {number} lacks one"
            )
        if isinstance(label, int):
            if not 0 <= label < len(classes):
                raise ValueError(
                    f"A parquet file's labels must be in 0..{len(classes) - 1}. Received: "
                    f"{str(path)!r}, whose row {number} has label {label}"
                )
            label = classes[label]
        domain = known.find_domain(domain) or domain
        named.append((image["path"] or "", domain, known.find_class(label) or label))
    return named


def _check_columns(path: Path, schema: Any) -> None:
    if {"image", "domain", "label"} <= set(schema.names):
        image, domain, label = (schema.field(name).type for name in ("image", "domain", "label"))
        if _is_image(image) and _is_text(domain) and (_is_text(label) or _is_whole(label)):
            return
    columns = ", ".join(f"{field.name}: {field.type}" for field in list(schema)[:5])
    raise ValueError(
        "A parquet file must have the columns image (a struct of bytes and path), domain (text) "
        f"and label (whole numbers or text). Received: {str(path)!r} with {columns}"
    )


def _is_image(kind: Any) -> bool:
    from pyarrow import types

    if not types.is_struct(kind):
        return False
    fields = {field.name: field.type for field in kind}
    return (
        {"bytes", "path"} <= fields.keys()
        and (types.is_binary(fields["bytes"]) or types.is_large_binary(fields["bytes"]))
        and (_is_text(fields["path"]) or types.is_null(fields["path"]))
    )


def _is_text(kind: Any) -> bool:
    from pyarrow import types

    return types.is_string(kind) or types.is_large_string(kind)


def _is_whole(kind: Any) -> bool:
    from pyarrow import types

    return types.is_integer(kind)


def _class_names(path: Path, schema: Any) -> list[str] | None:
    """The names of class numbers, which the hub's files carry beside Arrow's schema."""
    metadata = (schema.metadata or {}).get(b"huggingface")
    if metadata is None:
        return None
    try:
        names = json.loads(metadata)["info"]["features"].get("label", {}).get("names")
        if names is None or all(isinstance(name, str) for name in names):
            return names
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        pass  # it is told below, like names that are none
    raise ValueError(
        "A parquet file's metadata `huggingface` must be JSON with the classes' names. Received: "
        f"{str(path)!r}, whose are something else"
    )
