"""What a data set's folder holds and nobody reads."""

import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from dg_keras.data.tables.scan_folder import SUFFIXES, unread_format


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
    is_listed = (root / "manifest.csv").is_file()
    elsewhere = (
        "images that the manifest does not list"
        if is_listed
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
            unread = unread_format(name)
            # A folder of a class may have none that is read.
            is_among = folder.as_posix() in among or (len(folder.parts) == 2 and not is_listed)
            if path in read:
                continue
            if Path(name).suffix.lower() in SUFFIXES:
                found["hidden images" if name.startswith(".") else elsewhere].append(path)
            elif unread is not None:
                found[f"images in a format that is not read, {unread}"].append(path)
            elif is_among and not name.startswith("."):
                found["files that are no images by their name"].append(path)
    return tuple(Skipped(what, len(all_), all_[0]) for what, all_ in sorted(found.items()))
