"""Load a data set by name or from a folder."""

import difflib
import functools
import os
from pathlib import Path

import pandas as pd

from dg_keras.data.image_store import ImageStore
from dg_keras.data.known_datasets import KNOWN, KnownDataset
from dg_keras.data.leave_one_out import LeaveOneOut
from dg_keras.data.manifest import read_manifest
from dg_keras.data.read_image import image_shape
from dg_keras.data.scan_folder import scan_folder
from dg_keras.data.split_table import split_table

_CHECKOUT = Path(__file__).parents[2] / "data"


def load(
    name: str | os.PathLike[str],
    root: str | os.PathLike[str] | None = None,
    target: str | None = None,
    image_size: int | tuple[int, int] = 224,
    seed: int = 0,
    batch_size: int = 128,
    *,
    test: str = "part",
    manifest: str | os.PathLike[str] | None = None,
    memory_limit: int = 4 * 2**30,
) -> LeaveOneOut:
    """Loads a data set of several domains, and leaves one of them out.

    Every domain is split 70/10/20 into training, validation and test parts, by class and, where a
    manifest knows the images' concepts, by concept (see `split_table`). Images are decoded once
    a process, at first use, and kept as uint8: loading the last data set again, for another target
    say, decodes nothing.

    Args:
        name: "styleshift", or a folder `<name>/<domain>/<class>/<image>`, or with `root` any name.
            If the folder has a `manifest.csv` (columns `path`, `domain`, `class`, and maybe
            `concept` and `split`), that tells what belongs to the data set.
        root: The data set's folder. By default StyleShift is looked for in the checkout's `data`,
            then in `$DG_KERAS_HOME`, which is `~/.dg_keras` if it is not set.
        target: The domain to leave out; None makes all domains sources.
        image_size: Height and width in pixels, or one number for both.
        seed: What the split depends on; of no use where the manifest has a split.
        batch_size: Of the validation and test datasets.
        test: "part" to test on the target's test part, "whole" on all of the target.
        manifest: A manifest to use instead of the folder's, with paths relative to the folder.
        memory_limit: Bytes that the images of all domains may take in memory together, 4 GiB by
            default. Above it they are decoded at every use.

    Returns:
        The parts to train, validate and test on.

    Raises:
        ValueError: If `name`, `target` or `test` is unknown, or the images are not those expected.
        FileNotFoundError: If the data set or some of its files are not there.

    Example:
    >>> import dg_keras
    >>> styleshift = dg_keras.data.load("styleshift", target="sketch", image_size=64)
    >>> list(styleshift.train)
    ['cartoon', 'clipart', 'photo']
    >>> images, labels = next(iter(styleshift.test))
    """
    known = KNOWN.get(os.fspath(name))
    root = _find(os.fspath(name), root, known)
    table = _table(root, known, manifest)
    if known is not None and manifest is None:
        known.check(table)
    if "split" not in table.columns:
        table["split"] = split_table(table, seed)
    _check_choice("target", target, [None, *sorted(table["domain"].unique())])
    _check_choice("test", test, ["part"] if target is None else ["part", "whole"])
    images = _images([root / path for path in table["path"]], image_size, memory_limit)
    return LeaveOneOut(
        os.fspath(name), table, images, target, batch_size, test_whole=test == "whole"
    )


def _find(name: str, root: str | os.PathLike[str] | None, known: KnownDataset | None) -> Path:
    if root is not None:
        places = [Path(root)]
    elif known is not None:
        home = Path(os.environ.get("DG_KERAS_HOME", "~/.dg_keras")).expanduser()
        places = [_CHECKOUT / name, home / name]
    else:
        places = [Path(name)]
        if not places[0].is_dir():
            _check_choice("name", name, sorted(KNOWN), "a folder, any name with `root`, or ")
    for place in places:
        if place.is_dir():
            return place
    raise FileNotFoundError(
        f"Data set {name!r} must be in the folder {' or '.join(map(str, places))}, or where `root` "
        f"says. Received: root={root!r}, and no such folder"
    )


def _table(
    root: Path, known: KnownDataset | None, manifest: str | os.PathLike[str] | None
) -> pd.DataFrame:
    """The images sorted, so that no file system or manifest decides their order."""
    manifest = root / "manifest.csv" if manifest is None else Path(manifest)
    if manifest.is_file() or (known is not None and known.folder is None):
        table = read_manifest(manifest)
    else:
        table = scan_folder(root, "" if known is None else known.folder)
    table = table.sort_values(["domain", "class", "path"], ignore_index=True)
    labels = {name: label for label, name in enumerate(sorted(table["class"].unique()))}
    table["label"] = table["class"].map(labels)
    first = ["path", "domain", "class", "label"]
    return table[first + [column for column in table.columns if column not in first]]


def _check_choice(
    argument: str, value: str | None, choices: list[str | None], otherwise: str = ""
) -> None:
    if value in choices:
        return
    near = difflib.get_close_matches(str(value), [c for c in choices if c is not None], n=1)
    hint = f", which is near to {near[0]!r}" if near else ""
    raise ValueError(
        f"`{argument}` must be {otherwise}one of {', '.join(map(repr, choices))}. Received: "
        f"{argument}={value!r}{hint}"
    )


def _images(paths: list[Path], image_size: int | tuple[int, int], memory_limit: int) -> ImageStore:
    absent = [path for path in paths if not path.is_file()]
    if absent:
        raise FileNotFoundError(
            f"All {len(paths)} images of the data set must be there. Received: {len(absent)} are "
            f"absent, the first is {os.fspath(absent[0])!r}"
        )
    return _shared_images(_versions(paths), image_shape(image_size), memory_limit)


def _versions(paths: list[Path]) -> tuple[tuple[Path, int, int], ...]:
    """The files as they are now, so that one that was changed is decoded anew."""
    stats = [(path.absolute(), path.stat()) for path in paths]
    return tuple((path, stat.st_mtime_ns, stat.st_size) for path, stat in stats)


@functools.lru_cache(maxsize=1)
def _shared_images(
    files: tuple[tuple[Path, int, int], ...], image_size: tuple[int, int], memory_limit: int
) -> ImageStore:
    """One store for all targets of a data set; only the last is kept, since it may take GiBs."""
    return ImageStore([path for path, _, _ in files], image_size, memory_limit)
