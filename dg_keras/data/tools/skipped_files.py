"""What a data set's folder holds and nobody reads."""

import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from dg_keras.data.tables.scan_folder import SUFFIXES

_OTHER_FORMATS = frozenset(
    {
        *(".avif", ".heic", ".heif", ".jfif", ".jp2", ".jxl", ".npy", ".pbm", ".pgm", ".ppm"),
        *(".psd", ".svg", ".tga", ".tif", ".tiff"),
    }
)


class Skipped(NamedTuple):
    """Files or folders that are left out for one reason.

    Args:
        what: What they are.
        number: How many there are.
        example: The first of them, relative to the data set's folder.
    """

    what: str
    number: int
    example: str


def skipped_files(root: Path, paths: Iterable[str]) -> tuple[Skipped, ...]:
    """Finds what looks like images and is not read, and what lies among images.

    Args:
        root: The data set's folder.
        paths: The images that are read, relative to `root`.

    Returns:
        A row per reason, sorted by it.
    """
    read = set(paths)
    among = {str(PurePosixPath(path).parent) for path in read}
    among |= {str(PurePosixPath(folder).parent) for folder in among} - {"."}
    elsewhere = (
        "images that the manifest does not list"
        if (root / "manifest.csv").is_file()
        else "images beside the folders of classes, or too deep in them"
    )
    found = defaultdict(list)
    for place, folders, files in os.walk(root):
        folder = Path(place).relative_to(root)
        for name in sorted(folders):
            path = (folder / name).as_posix()
            if name.startswith("."):
                found["hidden folders"].append(path)
            elif Path(name).suffix.lower() in SUFFIXES:
                found["folders called like images"].append(path)
            elif not any((root / path).iterdir()):
                found["empty folders"].append(path)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = (folder / name).as_posix()
            suffix = Path(name).suffix.lower()
            if path in read:
                continue
            if suffix in SUFFIXES:
                found["hidden images" if name.startswith(".") else elsewhere].append(path)
            elif suffix in _OTHER_FORMATS:
                found[f"images in a format that is not read, {suffix}"].append(path)
            elif folder.as_posix() in among and not name.startswith("."):
                found["files that are no images by their name"].append(path)
    return tuple(Skipped(what, len(all_), all_[0]) for what, all_ in sorted(found.items()))
