"""Load a data set by name or from a folder."""

import functools
import os
import warnings
from pathlib import Path
from typing import Literal

import pandas as pd

from dg_keras.common.check_choice import check_choice
from dg_keras.common.home import places
from dg_keras.common.is_whole import is_whole
from dg_keras.common.shortened import shortened
from dg_keras.data.feeding.check_batch_size import check_batch_size
from dg_keras.data.feeding.image_store import ImageStore
from dg_keras.data.feeding.read_image import image_shape
from dg_keras.data.tables.file_versions import FileVersion, file_versions
from dg_keras.data.tables.known_datasets import KNOWN, KnownDataset
from dg_keras.data.tables.leave_one_out import LeaveOneOut
from dg_keras.data.tables.official_split import official_split
from dg_keras.data.tables.read_table import read_table
from dg_keras.data.tables.scan_folder import UNREAD, images, unread_format
from dg_keras.data.tables.scan_known import find_root
from dg_keras.data.tables.split_table import parted_concepts
from dg_keras.data.tables.unknown_classes import unknown_classes
from dg_keras.data.tables.without_unreadable import without_unreadable

MEMORY_LIMIT = 4 * 2**30
"""Bytes that images may take in memory, if nothing else is said."""

_SHIPPED = "styleshift"


def load(
    name: str | os.PathLike[str],
    root: str | os.PathLike[str] | None = None,
    target: str | None = None,
    image_size: int | tuple[int, int] = 224,
    seed: int = 0,
    batch_size: int = 128,
    *,
    split: Literal["seed", "official"] = "seed",
    test: Literal["part", "whole"] = "part",
    manifest: str | os.PathLike[str] | None = None,
    memory_limit: int = MEMORY_LIMIT,
    on_bad_image: Literal["raise", "skip"] = "raise",
) -> LeaveOneOut:
    """Loads a data set of several domains, and leaves one of them out.

    Every domain is split 70/10/20 into training, validation and test parts, by class and, where a
    manifest knows the images' concepts, by concept (see `split_table`). Images are decoded once
    per process, at first use, and kept as uint8: loading the last data set again, for another
    target say, decodes nothing.

    A warning tells of images beside those of a folder of one's own that are in no format that is
    read, of concepts that a manifest's split puts into several parts, and of classes that only
    `target` has.

    Of the known data sets, "pacs" (Li et al., 2017), "vlcs" (Fang et al., 2013), "office_home"
    (Venkateswara et al., 2017) and "styleshift", the numbers of images and the classes are checked.
    PACS is accepted without `sketch/dog/n02103406_4068-1.png`, which circulates damaged: it then
    has 3,928 sketches. They are read in any layout that is in use: domains in the folder itself, in
    `kfold` or in `images`; VLCS as Caltech101, LabelMe, SUN09, VOC2007 or as CALTECH, LABELME, SUN,
    PASCAL, with classes by number and folders such as `train` and `test` or not.

    Args:
        name: A known data set, or a folder `<name>/<domain>/<class>/<image>`, or with `root` any
            name. If the folder has a `manifest.csv` (columns `path`, `domain`, `class`, and maybe
            `concept` and `split`), as `prepare` writes it, that tells what belongs to the data set.
            A concept is one over all domains.
        root: The data set's folder; that of a known data set may be in it, under one of its usual
            names. By default a known data set is looked for in the checkout's `data`, then in
            `$DG_KERAS_HOME/data`, where `$DG_KERAS_HOME` is `~/.dg_keras` if it is not set, then in
            the package `dg_keras_data`.
        target: The domain to leave out; None makes all domains sources.
        image_size: Height and width in pixels, or one number for both.
        seed: What the split depends on; of no use where the manifest has a split, and of little
            where concepts differ in size, since the largest are placed first.
        batch_size: Of the validation and test datasets.
        split: "seed" for the manifest's split, or without one for that of `seed`; "official" for
            the one that came with the data set: the `*_kfold.txt` lists of PACS, whose test lists
            are whole domains (so give `test="whole"`), or the split folders of VLCS.
        test: "part" to test on the target's test part, "whole" on all of the target.
        manifest: A manifest to use instead of the folder's, with paths relative to the folder.
        memory_limit: Bytes that the images of all domains may take in memory together, 4 GiB by
            default. Above it they are decoded at every use.
        on_bad_image: What is done with images that can't be decoded. "raise": whoever uses one
            gets an error that names its file, before training where images are kept in memory.
            "skip": all images are decoded now, those that can't be are left out, with a warning,
            and listed in `skipped`; the others keep their split.

    Returns:
        The parts to train, validate and test on.

    Raises:
        ValueError: If `name`, `target`, `split`, `test` or `on_bad_image` is unknown, a number is
            none, the images are not those expected, two domains or classes have names that look the
            same, there is no official split, or nothing is left to train on.
        FileNotFoundError: If the data set or some of its files are not there.

    Examples:
        >>> import dg_keras
        >>> styleshift = dg_keras.data.load("styleshift", target="sketch", image_size=64)
        >>> list(styleshift.train)
        ['cartoon', 'clipart', 'photo']
        >>> images, labels = next(iter(styleshift.test))
    """
    check_choice("on_bad_image", on_bad_image, ["raise", "skip"])
    check_batch_size(batch_size)
    if not is_whole(seed):
        raise ValueError(f"`seed` must be a whole number. Received: seed={shortened(seed)}")
    shape = image_shape(image_size)
    known = KNOWN.get(os.fspath(name))
    root = _find(os.fspath(name), root, known)
    table = read_table(root, known, manifest, seed)
    if known is not None and manifest is None:
        known.check(table)
    check_choice("split", split, ["seed", "official"])
    if split == "official":
        table["split"] = _official(root, known, table)
    check_choice("target", target, [None, *sorted(table["domain"].unique())])
    check_choice("test", test, ["part"] if target is None else ["part", "whole"])
    if split == "official" and target is not None and test == "part":
        _check_has_test_part(table, target)
    if target is not None and table["domain"].nunique() == 1:
        raise ValueError(
            f"`target` must leave a domain to train on. Received: target={target!r}, and "
            f"{os.fspath(root)!r} has no other domain"
        )
    _check_are_there(root, table["path"].tolist())
    if known is None and manifest is None and not (root / "manifest.csv").is_file():
        _warn_of_unread(root, table)
    _warn_of_parted_concepts(table)
    table, skipped = without_unreadable(root, table) if on_bad_image == "skip" else (table, {})
    if target is not None and (unknown := unknown_classes(table, target)) is not None:
        warnings.warn(unknown, stacklevel=2)
    files = file_versions(root / path for path in table["path"])
    return LeaveOneOut(
        os.fspath(name),
        table,
        _shared_images(files, shape, memory_limit),
        target,
        batch_size,
        test_whole=test == "whole",
        skipped=skipped,
    )


def _find(name: str, root: str | os.PathLike[str] | None, known: KnownDataset | None) -> Path:
    if root is not None:
        folders = [Path(root)]
    elif known is not None:
        folders = [place / name for place in places("data")]
    else:
        folders = [Path(name)]
        if not folders[0].is_dir():
            check_choice("name", name, sorted(KNOWN), "a folder, any name with `root`, or ")
    for folder in folders:
        if folder.is_dir():
            return folder if known is None else find_root(folder, known)
    brings = "; the package `dg_keras_data` brings it" if name == _SHIPPED and root is None else ""
    raise FileNotFoundError(
        f"Data set {name!r} must be in the folder {' or '.join(map(str, folders))}, or where "
        f"`root` says{brings}. Received: root={None if root is None else os.fspath(root)!r}, and "
        "no such folder"
    )


def _official(root: Path, known: KnownDataset | None, table: pd.DataFrame) -> list[str]:
    split = official_split(root, known, table)
    if split is None:
        raise ValueError(
            "`split` may be 'official' where lists, folders or a manifest tell one. Received: "
            f"split='official', and {os.fspath(root)!r} has none"
        )
    return split


def _check_has_test_part(table: pd.DataFrame, target: str) -> None:
    if "test" not in set(table["split"][table["domain"] == target]):
        raise ValueError(
            f"`test` must be 'whole' where the official split has no test part of {target!r}. "
            "Received: test='part'"
        )


def _check_are_there(root: Path, paths: list[str]) -> None:
    # Unlike `Path.is_file`, this holds names that no file can have for absent.
    absent = [path for path in paths if not os.path.isfile(root / path)]
    if absent:
        windows = ", where a manifest must have `/` between folders" if "\\" in absent[0] else ""
        raise FileNotFoundError(
            f"All {len(paths)} images of the data set must be there. Received: {len(absent)} are "
            f"absent, the first is {os.fspath(root / absent[0])!r}{windows}"
        )


def _warn_of_unread(root: Path, table: pd.DataFrame) -> None:
    folders = sorted({os.path.dirname(path) for path in table["path"]})
    unread = [path for folder in folders for path in images(root / folder, UNREAD)]
    if unread:
        formats = ", ".join(sorted({str(unread_format(path.name)) for path in unread}))
        warnings.warn(
            f"{len(unread)} images are left out beside the {len(table)} of {os.fspath(root)!r}, in "
            f"formats that are not read ({formats}), the first is {os.fspath(unread[0])!r}.",
            stacklevel=3,
        )


def _warn_of_parted_concepts(table: pd.DataFrame) -> None:
    parted = parted_concepts(table)
    if parted:
        first, parts = next(iter(parted.items()))
        warnings.warn(
            f"{len(parted)} concepts are in several parts of the split, the first is {first!r} in "
            f"{' and '.join(parts)}: what is tested on may have been trained on. `load` keeps them "
            "together where no manifest has a column `split`.",
            stacklevel=3,
        )


@functools.lru_cache(maxsize=1)
def _shared_images(
    files: tuple[FileVersion, ...], image_size: tuple[int, int], memory_limit: int
) -> ImageStore:
    """One store for all targets of a data set; only the last is kept, since it may take GiBs."""
    return ImageStore([path for path, _, _ in files], image_size, memory_limit)
