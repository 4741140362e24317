"""A part of StyleShift, for tests to which the number of images is no matter."""

import atexit
import functools
import shutil
import tempfile
from pathlib import Path

import pandas as pd

STYLESHIFT = Path("data/styleshift")
EACH = 10  # images per domain and class: enough for every part of the split


@functools.cache
def few_images():
    """The path of a folder with a fifth of the images, which goes with the process."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    table = pd.read_csv(STYLESHIFT / "manifest.csv", dtype=str, keep_default_na=False)
    few = table.groupby(["domain", "class"], sort=False).head(EACH)
    few.to_csv(folder / "manifest.csv", index=False)
    for path in few["path"]:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(STYLESHIFT / path, folder / path)
    return str(folder)
