"""The split that a data set's authors published."""

from pathlib import Path, PurePosixPath

import pandas as pd

from dg_keras.data.tables.known_datasets import KnownDataset
from dg_keras.data.tables.label_lists import read_lists
from dg_keras.data.tables.scan_known import SPLIT_FOLDERS
from dg_keras.data.tables.standard_names import standard_names


def official_split(root: Path, known: KnownDataset | None, table: pd.DataFrame) -> list[str] | None:
    """Returns the published split of each image.

    It is the manifest's column `official` where it has one, else what the `*_kfold.txt` lists of
    PACS tell (Li et al., 2017: `crossval` is validation; an image of a test list is in the test
    part if it is in no other list), else the folders of VLCS between domain and class.

    Args:
        root: The data set's folder.
        known: The data set, if it is a known one.
        table: Its images, with the columns `path`, `domain` and `class`.

    Returns:
        The split of each row, "train", "validation" or "test"; None if nothing tells it.

    Raises:
        ValueError: If lists do not agree with the folders, or the split is not of all images.
    """
    if "official" in table.columns:
        return table["official"].tolist()
    if known is None:
        return None
    names = standard_names(table)
    split = _from_lists(root, known, table) or _from_folders(names, table)
    if not split:
        return None
    unsplit = [name for name in names if name not in split]
    if unsplit:
        raise ValueError(
            f"The lists or folders of the official split of {known.name!r} must have all images. "
            f"Received: {len(unsplit)} are in none, the first is {unsplit[0]!r}"
        )
    return [split[name] for name in names]


def _from_lists(root: Path, known: KnownDataset, table: pd.DataFrame) -> dict[str, str]:
    lines = read_lists(root, known, table)
    faults = [line for line in lines if line.fault]
    if faults:
        raise ValueError(
            f"The lists of {known.name!r} must agree with its folders. Received: {len(faults)} "
            f"faults, the first is in {faults[0].where}: {faults[0].fault}"
        )
    listed = {
        part: {line.image: line.where for line in lines if line.part == part}
        for part in ("test", "crossval", "train")
    }
    twice = sorted(listed["crossval"].keys() & listed["train"].keys())
    if twice:
        places = f"{listed['crossval'][twice[0]]} and {listed['train'][twice[0]]}"
        raise ValueError(
            f"The lists of {known.name!r} must have an image either in train or in crossval. "
            f"Received: {len(twice)} in both, the first is {twice[0]!r} in {places}"
        )
    # In this order, for the test lists of PACS repeat the other two.
    return {
        image: folder
        for part, images in listed.items()
        for image in images
        if (folder := SPLIT_FOLDERS[part]) is not None
    }


def _from_folders(names: list[str], table: pd.DataFrame) -> dict[str, str]:
    folders = [PurePosixPath(path).parts[-3:][0].lower() for path in table["path"]]
    return {
        name: part
        for name, folder in zip(names, folders, strict=True)
        if (part := SPLIT_FOLDERS.get(folder)) is not None
    }
