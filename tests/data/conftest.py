"""Data sets that the tests of this folder share."""

import numpy as np
import pytest
from PIL import Image

from dg_keras.data import load


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
