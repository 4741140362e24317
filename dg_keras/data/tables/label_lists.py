"""The lists of images that came with PACS."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import pandas as pd

from dg_keras.data.tables.known_datasets import KnownDataset
from dg_keras.data.tables.standard_names import standard_names

_SUFFIX = "_kfold.txt"
_SHOWN = 200  # characters of a line that is not understood
_PARTS = ("train", "crossval", "test")


class Line(NamedTuple):
    """A line of a list.

    Args:
        where: The list, relative to the data set's folder, and the line's number.
        part: What the list is of: "train", "crossval" or "test".
        image: The image, as `<domain>/<class>/<stem>`; empty if the line is not understood.
        fault: What is wrong with it, or nothing.
    """

    where: str
    part: str
    image: str
    fault: str


def read_lists(root: Path, known: KnownDataset, table: pd.DataFrame) -> list[Line]:
    """Reads `<domain>_<train, crossval or test>_kfold.txt`, whose lines are a path and a label.

    Paths end in `<domain>/<class>/<image>`, labels count from 1 in the order of the classes.

    Args:
        root: The data set's folder; the lists are in it or in one of its folders.
        known: The data set.
        table: Its images, with the columns `path`, `domain` and `class`.

    Returns:
        All lines of all lists, without those of images that are known to be damaged and are not
        there. A list that can't be read is one line with a fault.
    """
    there = set(standard_names(table))
    absent = set(known.spoiled) - there
    found = sorted([*root.glob(f"*{_SUFFIX}"), *root.glob(f"*/*{_SUFFIX}")])
    lists = [path for path in found if path.is_file()]
    lines = [line for path in lists for line in _lines(path, root, known, there)]
    return [line for line in lines if line.image not in absent]


def _lines(path: Path, root: Path, known: KnownDataset, there: set[str]) -> Iterator[Line]:
    part = path.name.removesuffix(_SUFFIX).rsplit("_", 1)[-1]
    file = path.relative_to(root).as_posix()
    try:
        texts = path.read_bytes().decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        yield Line(file, part, "", f"byte {error.start} is not UTF-8")
        return
    for number, text in enumerate(texts, 1):
        if text.strip():
            image, fault = _parse(text, known, there)
            if not fault and part not in _PARTS:
                fault = f"the list is of {part!r}, which is none of {', '.join(_PARTS)}"
            yield Line(f"{file}:{number}", part, image, fault)


def _parse(text: str, known: KnownDataset, there: set[str]) -> tuple[str, str]:
    file, _, label = text.strip().rpartition(" ")
    parts = PurePosixPath(file).parts[-3:]
    domain = known.find_domain(parts[0]) if len(parts) == 3 else None
    name = known.find_class(parts[1]) if len(parts) == 3 else None
    if domain is None or name is None or not label.isdecimal():
        return "", f"{text[:_SHOWN]!r} is no <domain>/<class>/<image> and label"
    image = f"{domain}/{name}/{PurePosixPath(file).stem}"
    expected = known.classes.index(name) + 1
    if label.lstrip("0") != str(expected):
        return image, f"{file} has label {label}, but its folder {name!r} is label {expected}"
    if image not in there:
        return image, f"{file} is listed, but is not there"
    return image, ""
