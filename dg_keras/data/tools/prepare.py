"""Turn a data set as it is published into the standard layout."""

import hashlib
import io
import itertools
import json
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import rich.progress
from PIL import Image

from dg_keras.common.check_choice import check_choice
from dg_keras.common.clear_leftovers import clear_leftovers
from dg_keras.common.cores import cores
from dg_keras.common.write_whole import write_whole
from dg_keras.data.feeding.read_image import decode_image, image_shape, unreadable
from dg_keras.data.tables.known_datasets import KNOWN
from dg_keras.data.tables.manifest import read_manifest, write_manifest
from dg_keras.data.tables.standard_names import standard_names
from dg_keras.data.tools.image_source import check_source, open_source
from dg_keras.data.tools.made_images import MadeImages
from dg_keras.data.tools.sole_writer import sole_writer

SETTINGS = "prepared.json"
_SUFFIXES = {"png": ".png", "jpeg": ".jpg"}
_COMPRESSION = 1  # of PNG: three times as fast as Pillow's default, and a tenth larger
_CHUNK = 256  # image files that are in memory together


def prepare(
    name: str,
    source: str | os.PathLike[str],
    to: str | os.PathLike[str],
    size: int | tuple[int, int] = 227,
    format: str = "png",
    quality: int = 95,
    seed: int = 0,
    *,
    max_size: int = 16 * 2**30,
    verbose: bool = False,
) -> pd.DataFrame:
    """Turns a published data set into `<to>/<domain>/<class>/<image>` with a manifest.

    Images are decoded as `load` decodes them, resized once, bilinearly and without keeping their
    aspect ratio, and stored. The numbers of images are checked first. An interrupted call goes on
    where it ended when it is made again; images that were emptied or changed since are made anew.
    Of two calls for one folder the second waits for the first, and says for whom.

    With 227 x 227 pixels this is the preparation of Mansilla et al. (2021), whose script kept each
    file's format, with Pillow's default quality, 75, for JPEG; PNG loses nothing.

    Args:
        name: A known data set: "pacs", "vlcs" or "office_home", say.
        source: A folder in any layout that `load` reads; a zip or tar file of one; a parquet file
            of the Hugging Face hub or a folder of them, which needs `pip install dg_keras[hub]`.
        to: The folder to make.
        size: Height and width in pixels, or one number for both.
        format: "png", or "jpeg".
        quality: That of JPEG, 1 to 100, with colour at full resolution; PNG has none.
        seed: What the split in the manifest depends on, as in `load`.
        max_size: Bytes that an archive may unpack to, 16 GiB by default.
        verbose: Whether to show a progress bar.

    Returns:
        What `manifest.csv` holds: `path`, `domain`, `class`, `sha256` of the file, `split` and,
        where the source came with one, `official`, the published split. Known damaged images are
        left out.

    Raises:
        ValueError: If an argument is out of its range, the images are not those published, one of
            them can't be decoded, or `to` holds something else.
        FileNotFoundError: If there is no source.
        ImportError: If the source is parquet and pyarrow is not installed.
    """
    check_choice("name", name, sorted(KNOWN))
    check_choice("format", format, sorted(_SUFFIXES))
    _check_range("quality", quality, 1, 100)
    _check_range("max_size", max_size, 1, 2**63)
    shape = image_shape(size, "size")
    source, to = Path(source), Path(to)
    check_source(source)
    _check_is_free(to)
    to.mkdir(parents=True, exist_ok=True)
    if format == "png":
        options = {"compress_level": _COMPRESSION}
    else:
        options = {"quality": quality, "subsampling": 0}
    known = KNOWN[name]
    with (
        sole_writer(to),
        open_source(source, known, to / ".unpacked", seed, max_size) as images,
    ):
        clear_leftovers(Path(folder) for folder, _, _ in os.walk(to))  # of one that was killed
        known.check(images.table)
        names = standard_names(images.table)
        _agree_on({"name": name, "size": shape, "format": format, **options}, names, to)
        table = images.table.assign(path=[image + _SUFFIXES[format] for image in names])
        paths = table["path"].tolist()
        made = MadeImages(to)

        def store(row: int, content: bytes) -> None:
            try:
                image = decode_image(content)
            except ValueError as error:
                if names[row] in known.spoiled:
                    return
                path = os.path.join(source, images.table["path"][row])
                raise ValueError(unreadable(path, error)) from error
            resized = image.resize(shape[::-1], Image.Resampling.BILINEAR)
            buffer = io.BytesIO()
            resized.save(buffer, format, **options)
            made.write(paths[row], buffer.getvalue())

        missing = [row for row, path in enumerate(paths) if made.digest(path) is None]
        _store(images.read(missing), len(missing), store, verbose)
        table["sha256"] = [made.digest(path) for path in paths]
        table = table[table["sha256"].notna()]
        table = table.sort_values(["domain", "class", "path"], ignore_index=True)
        write_manifest(table, to / "manifest.csv")
        made.forget_notes()
    return read_manifest(to / "manifest.csv")


def _store(
    images: Iterator[tuple[int, bytes]],
    number: int,
    store: Callable[[int, bytes], None],
    verbose: bool,
) -> None:
    with ThreadPoolExecutor(cores()) as pool:  # Pillow works outside Python's lock
        done = _map_in_chunks(pool, store, images)
        for _ in rich.progress.track(done, "preparing", number, disable=not verbose):
            pass


def _map_in_chunks(
    pool: ThreadPoolExecutor, function: Callable, items: Iterator[tuple[int, bytes]]
) -> Iterator[None]:
    """As `pool.map`, which would have the files of all items in memory at once."""
    while chunk := list(itertools.islice(items, _CHUNK)):
        yield from pool.map(lambda item: function(*item), chunk)


def _check_range(argument: str, value: Any, smallest: int, largest: int) -> None:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or not smallest <= value <= largest:
        raise ValueError(
            f"`{argument}` must be a whole number in {smallest}..{largest}. Received: "
            f"{argument}={value!r}"
        )


def _check_is_free(to: Path) -> None:
    if (to / SETTINGS).is_file() or not to.exists():
        return
    if not to.is_dir() or any(not path.name.startswith(".") for path in to.iterdir()):
        raise ValueError(
            "`to` must be an empty or new folder, or one that `prepare` began. Received: "
            f"to={str(to)!r}"
        )


def _agree_on(settings: dict[str, Any], names: Iterable[str], to: Path) -> None:
    """Notes how the folder is made, so that it is never made in two ways."""
    images = hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()
    note = json.dumps(settings | {"images": images}, indent=2) + "\n"
    path = to / SETTINGS
    if not path.is_file():
        write_whole(path, note.encode())
    elif path.read_bytes() != note.encode():
        raise ValueError(
            f"`to` must be gone on with as it was begun, see {str(path)!r}. Received: other images "
            f"or settings, {settings}"
        )
