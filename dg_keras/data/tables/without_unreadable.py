"""A data set without the images that can't be read."""

import functools
import logging
from pathlib import Path

import pandas as pd

from dg_keras.data.feeding.unreadable_images import unreadable_images
from dg_keras.data.tables.file_versions import FileVersion, file_versions

_LOGGER = logging.getLogger(__name__)


def without_unreadable(
    root: Path, table: pd.DataFrame
) -> tuple[pd.DataFrame, dict[str, tuple[str, ...]]]:
    """Leaves out the images that can't be decoded; the others keep their label and split.

    All images are decoded for it, once per process.

    Args:
        root: The data set's folder.
        table: Its images, with at least the columns `path`, `domain` and `class`.

    Returns:
        The rows of the images that can be decoded, and the paths of the others by their domain.

    Raises:
        ValueError: If a domain or class is left without images.
        FileNotFoundError: If an image is not there.
    """
    broken = _unreadable(file_versions(root / path for path in table["path"]))
    rows = list(broken)
    kept = table.drop(index=rows).reset_index(drop=True)
    for column in ("domain", "class"):
        empty = sorted(set(table[column]) - set(kept[column]))
        if empty:
            raise ValueError(
                f"`on_bad_image` may be 'skip' where every {column} has images that can be read. "
                f"Received: none of the {column} {empty[0]!r} in {str(root)!r} can"
            )
    left_out = table.loc[rows]
    if rows:
        first = left_out["path"].iloc[0]
        _LOGGER.warning(
            "%d of %d images can't be read and are left out, the first is %s: %s.",
            *(len(rows), len(table), root / first, broken[rows[0]]),
        )
    groups = left_out.groupby("domain")["path"]
    return kept, {domain: tuple(paths) for domain, paths in groups}


@functools.lru_cache(maxsize=1)
def _unreadable(files: tuple[FileVersion, ...]) -> dict[int, str]:
    return unreadable_images([path for path, _, _ in files])
