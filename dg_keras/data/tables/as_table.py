"""What a scan of a folder found, as a table."""

import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd


def as_table(root: Path, rows: Sequence[tuple[str, str, str]]) -> pd.DataFrame:
    """Makes a table of images, whose names can be written to a manifest.

    Args:
        root: The data set's folder.
        rows: Each image's path, relative to `root`, its domain and class.

    Returns:
        Table with the columns `path`, `domain` and `class`.

    Raises:
        ValueError: If the name of a folder or file is not UTF-8.
    """
    for path, _, _ in rows:
        try:
            path.encode()
        except UnicodeEncodeError as error:  # it has what Python makes of other bytes
            raise ValueError(
                f"The names of folders and images in {str(root)!r} must be UTF-8. Received: "
                f"{os.fsencode(path)!r}"
            ) from error
    return pd.DataFrame(rows, columns=["path", "domain", "class"])
