"""Data sets that the tests of this folder share."""

import dataclasses
import shutil

import numpy as np
import pytest
from PIL import Image

from dg_keras.data import KNOWN, load, prepare

PER_CELL = 10


@pytest.fixture(scope="session")
def styleshift():
    return load("styleshift", target="sketch", image_size=32)


@pytest.fixture
def folder(tmp_path):
    """Two domains of two classes; image k of a cell has the grey level 10 * k."""
    for domain, size in (("day", 10), ("night", 4)):
        for label in ("cat", "dog"):
            place = tmp_path / "animals" / domain / label
            place.mkdir(parents=True)
            for k in range(size):
                Image.fromarray(np.full((6, 8), 10 * k, np.uint8)).save(place / f"{k}.png")
    return tmp_path / "animals"


def shrunk(name, per_cell=PER_CELL):
    """A known data set as small as the images that `fill` makes of its cells."""
    known = KNOWN[name]
    counts = dict.fromkeys(known.counts, per_cell * len(known.classes))
    for image in known.spoiled:  # which `fill` does not make, and nobody misses
        counts[image.split("/")[0]] += 1
    return dataclasses.replace(known, counts=counts)


@pytest.fixture
def small(monkeypatch):
    """Makes a known data set small."""

    def shrink(name, per_cell=PER_CELL):
        monkeypatch.setitem(KNOWN, name, shrunk(name, per_cell))
        return KNOWN[name]

    return shrink


@pytest.fixture(scope="session")
def originals(tmp_path_factory):
    """PACS as its authors publish it, with ten images per cell, and prepared."""
    root = tmp_path_factory.mktemp("originals")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(KNOWN, "pacs", shrunk("pacs"))
        fill(root / "PACS", cells(KNOWN["pacs"], "kfold/{domain}/{label}/pic_{k:03}.png"))
        prepare("pacs", root / "PACS", root / "prepared", size=6)
    return root


@pytest.fixture
def pacs(originals, small, tmp_path):
    small("pacs")
    return shutil.copytree(originals / "PACS", tmp_path / "PACS")


@pytest.fixture
def prepared(originals, small, tmp_path):
    small("pacs")
    return shutil.copytree(originals / "prepared", tmp_path / "prepared")


def cells(known, layout, per_cell=PER_CELL, domains=None):
    """The paths of a small copy of a data set, and what its folders are called there."""
    called = domains or {domain: domain for domain in known.domains}
    return [
        layout.format(domain=called[domain], label=label, number=number, k=k)
        for domain in known.domains
        for number, label in enumerate(known.classes)
        for k in range(per_cell)
    ]


def fill(root, paths, size=(10, 12)):
    """Writes an image of its own noise for each path."""
    for seed, path in enumerate(paths):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)
        Image.fromarray(pixels).save(root / path)
    return root


def write_lists(root, known, per_cell=PER_CELL):
    """The lists of PACS: the last image of a cell is for validation, the test lists are of all."""
    for domain in known.domains:
        lines = {"train": [], "crossval": [], "test": []}
        for label, name in enumerate(known.classes, 1):
            for k in range(per_cell):
                line = f"{domain}/{name}/pic_{k:03}.png {label}\n"
                lines["crossval" if k == per_cell - 1 else "train"].append(line)
                lines["test"].append(line)
        for part, text in lines.items():
            (root / f"{domain}_{part}_kfold.txt").write_text("".join(text))
