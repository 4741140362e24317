"""Examine a data set's folder."""

import difflib
import hashlib
import io
import itertools
import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import rich.progress
from PIL import Image

from dg_keras.common.check_choice import check_choice
from dg_keras.common.cores import cores
from dg_keras.data.feeding.read_image import decode_image, read_content
from dg_keras.data.tables.known_datasets import KNOWN, KnownDataset, plain
from dg_keras.data.tables.label_lists import read_lists
from dg_keras.data.tables.read_table import read_table
from dg_keras.data.tables.scan_known import find_root, is_laid_out, scan_known
from dg_keras.data.tables.split_table import groups_of, parted_concepts
from dg_keras.data.tools.inspection import Fault, Inspection
from dg_keras.data.tools.prepare import SETTINGS
from dg_keras.data.tools.skipped_files import skipped_files

# Where the same pixels on two sides make a test one of memory, or a label wrong.
_LEAKS = {"domain": "domains", "split": "splits", "class": "classes"}
_TWELVE_BITS = 2**12 - 1  # the largest value of many scanners, whose files are of 16 bits


def doctor(
    root: str | os.PathLike[str], name: str | None = None, *, verbose: bool = False
) -> Inspection:
    """Looks for all that may be wrong with a data set's folder.

    Every image is decoded. Duplicates are images with the same pixels, whatever their format; they
    are faults where they are in two domains, in two parts of the split (the manifest's, or without
    one that of `load` with seed 0) or in two classes.

    Args:
        root: The data set's folder, prepared or as it was published, or of one's own.
        name: The known data set it should be. By default the one that `prepare` noted in the
            folder, or the one the folder is called like, if its domains are there or the name is no
            longer; else nothing is compared with what was published.
        verbose: Whether to show a progress bar.

    Returns:
        What is there, and the faults: of kind "unreadable", "wrong count", "wrong domain", "wrong
        class", "missing domain", "missing class", "duplicate across domains", "... across splits",
        "... across classes", "nearly black", "label list" and, where there is a manifest, "absent",
        "unlisted", "changed" and "concept across splits". Images that are not read for their format
        or place are counted, and no fault.

    Raises:
        ValueError: If `name` is unknown, or a manifest or a folder's layout is faulty.
        FileNotFoundError: If there is no such folder, or no image in it.
    """
    root = Path(root)
    check_choice("name", name, [None, *sorted(KNOWN)])
    if not root.is_dir():
        raise FileNotFoundError(f"`root` must be a folder. Received: {str(root)!r}")
    known = KNOWN.get(name or _guess(root) or "")
    if known is not None:
        root = find_root(root, known)
    table = read_table(root, known)
    faults: list[Fault] = []
    if known is not None and (root / "manifest.csv").is_file():
        table, faults = _compare_with_folder(table, root, known)
    skipped = skipped_files(root, table["path"])
    # Unlike `Path.is_file`, this holds names that no file can have for absent.
    is_there = np.array([os.path.isfile(root / path) for path in table["path"]])
    faults += _grouped("absent", table["path"][~is_there], "in the manifest, but not there")
    table = table[is_there].reset_index(drop=True)
    found = _examine([root / path for path in table["path"]], verbose)
    columns = ["fault", "digest", "pixels", "is_dark"]  # a manifest may have its own of these names
    table[columns] = pd.DataFrame(found, columns=columns)
    broken = table[table["fault"] != ""]
    faults += map(Fault, itertools.repeat("unreadable"), broken["path"], broken["fault"])
    if "sha256" in table.columns:
        listed = (table["fault"] == "") & (table["sha256"] != "")
        changed = table[listed & (table["sha256"] != table["digest"])]
        faults += _grouped("changed", changed["path"], "not the file that the manifest lists")
    faults += _duplicates(table)
    faults += _parted_concepts(table)
    faults += _grouped(
        "nearly black",
        table["path"][table["is_dark"]],
        f"of 16 bits without a value above {_TWELVE_BITS}, which makes nearly black images: scans "
        "of 12 bits are to be multiplied by 16",
    )
    faults += _missing_classes(table, known)
    if known is not None:
        faults += _wrong_names(table, known)
        faults += _wrong_counts(table, known)
        lines = read_lists(root, known, table)
        faults += [Fault("label list", line.where, line.fault) for line in lines if line.fault]
    name = None if known is None else known.name
    return Inspection(root, name, _by_domain(table, known), tuple(faults), skipped)


def _by_domain(table: pd.DataFrame, known: KnownDataset | None) -> pd.DataFrame:
    published = {} if known is None else known.counts
    groups = table.groupby("domain")
    rows = {
        "images": groups.size(),
        "published": pd.Series(published, dtype="Int64"),
        "classes": groups["class"].nunique(),
        "unreadable": (table["fault"] != "").groupby(table["domain"]).sum(),
    }
    counts = pd.DataFrame(rows).astype("Int64").rename_axis("domain")
    return counts.fillna({"images": 0, "classes": 0, "unreadable": 0})


def _guess(root: Path) -> str | None:
    settings = root / SETTINGS
    if settings.is_file():
        try:
            name = json.loads(settings.read_bytes())["name"]
            return name if name in KNOWN else None
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise ValueError(
                f"{str(settings)!r} must be as `prepare` wrote it. Received: a file that is changed"
            ) from error
    folder = root.resolve().name
    for known in KNOWN.values():
        # Other folders of one's own may begin like it, as `pacs-makers` does.
        if plain(folder) == plain(known.name) or (
            known.is_name_of(folder) and is_laid_out(find_root(root, known), known)
        ):
            return known.name
    return None


def _compare_with_folder(
    table: pd.DataFrame, root: Path, known: KnownDataset
) -> tuple[pd.DataFrame, list[Fault]]:
    """Adds images that the manifest does not list, and finds those it puts elsewhere."""
    folder = scan_known(root, known)
    unlisted = folder[~folder["path"].isin(table["path"])]
    both = table.merge(folder, on="path", suffixes=("", "_of_folder"))
    moved = both[
        (both["domain"] != both["domain_of_folder"]) | (both["class"] != both["class_of_folder"])
    ]
    faults = _grouped("unlisted", unlisted["path"], "not in the manifest")
    faults += _grouped("changed", moved["path"], "in another domain or class in the manifest")
    table = pd.concat([table, unlisted], ignore_index=True)
    return table.fillna({"split": "", "sha256": ""}), faults


def _grouped(kind: str, paths: Iterable[str], what: str) -> list[Fault]:
    """One fault per folder, since a folder that was moved holds many images."""
    folders = defaultdict(list)
    for path in paths:
        folders[os.path.dirname(path)].append(path)
    return [
        Fault(kind, inside[0], f"it is {what}")
        if len(inside) == 1
        else Fault(kind, folder, f"{len(inside)} images are {what}, the first is {inside[0]}")
        for folder, inside in folders.items()
    ]


def _examine(paths: Sequence[Path], verbose: bool) -> list[tuple[str, str, str, bool]]:
    with ThreadPoolExecutor(cores()) as pool:  # Pillow works outside Python's lock
        done = pool.map(_examine_file, paths)
        return list(rich.progress.track(done, "examining", len(paths), disable=not verbose))


def _examine_file(path: Path) -> tuple[str, str, str, bool]:
    """Returns why a file can't be read, or nothing, the sha256 of its content and pixels, and
    whether it is of 16 bits and uses no more than 12."""
    try:
        content = read_content(path)
    except ValueError as error:
        return str(error), "", "", False
    digest = hashlib.sha256(content).hexdigest()
    try:
        image = decode_image(content)
    except ValueError as error:
        return str(error), digest, "", False
    pixels = hashlib.sha256(f"{image.size}".encode() + image.tobytes()).hexdigest()
    return "", digest, pixels, _is_dark(content)


def _is_dark(content: bytes) -> bool:
    with Image.open(io.BytesIO(content)) as image:
        if not image.mode.startswith("I"):  # "I;16" and such: what is read as 16 bits
            return False
        largest = int(np.asarray(image).max())
    return 0 < largest <= _TWELVE_BITS


def _duplicates(table: pd.DataFrame) -> Iterator[Fault]:
    readable = table[table["pixels"] != ""]
    for _, same in readable[readable["pixels"].duplicated(keep=False)].groupby("pixels"):
        for column, kind in _LEAKS.items():
            if same.loc[same[column] != "", column].nunique() > 1:
                first, *others = same["path"]
                what = f"same pixels as {', '.join(others)}"
                yield Fault(f"duplicate across {kind}", first, what)
                break


def _parted_concepts(table: pd.DataFrame) -> Iterator[Fault]:
    listed = table[table["split"] != ""]
    paths = dict(zip(reversed(groups_of(listed)), reversed(listed["path"].tolist()), strict=True))
    for name, parts in parted_concepts(listed).items():
        first = paths["concept", name]
        yield Fault("concept across splits", first, f"{name!r} is in {' and '.join(parts)}")


def _wrong_names(table: pd.DataFrame, known: KnownDataset) -> Iterator[Fault]:
    for kind, choices in (("domain", known.domains), ("class", known.classes)):
        strange = table[~table[kind].isin(choices)].drop_duplicates(["domain", kind])
        for row in strange.to_dict("records"):
            near = difflib.get_close_matches(row[kind], choices, n=1)
            hint = f", but near to {near[0]!r}" if near else ""
            what = f"{row[kind]!r} is no {kind} of {known.name}{hint}"
            yield Fault(f"wrong {kind}", _folder_of(row["path"], row[kind]), what)


def _folder_of(path: str, name: str) -> str:
    """The part of a path that ends in a name; all of it, if the name is the manifest's alone."""
    before, found, _ = f"/{path}".partition(f"/{name}/")
    return f"{before}/{name}"[1:] if found else path


def _wrong_counts(table: pd.DataFrame, known: KnownDataset) -> Iterator[Fault]:
    found = Counter(table["domain"])
    for domain, expected in known.expected(table).items():
        if domain not in found:
            yield Fault("missing domain", domain, f"{known.counts[domain]} images were published")
        elif found[domain] != expected:
            what = f"{found[domain]} images, {known.counts[domain]} were published"
            yield Fault("wrong count", domain, what)


def _missing_classes(table: pd.DataFrame, known: KnownDataset | None) -> Iterator[Fault]:
    classes = sorted(set(table["class"])) if known is None else known.classes
    for domain, inside in table.groupby("domain"):
        if known is None or domain in known.domains:
            for label in sorted(set(classes) - set(inside["class"])):
                yield Fault("missing class", domain, f"no image of {label!r}")
