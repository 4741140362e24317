"""What the frozen front of a network makes of the images, kept on disk."""

import hashlib
import json
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

import keras
import numpy as np

from dg_keras import data as datasets
from dg_keras.benchmark.config.config import Config
from dg_keras.benchmark.training.known_files import KnownFiles
from dg_keras.benchmark.training.versions import versions
from dg_keras.common.clear_leftovers import clear_leftovers
from dg_keras.common.read_arrays import read_arrays
from dg_keras.common.sole_user import sole_user
from dg_keras.common.source_digest import source_digest
from dg_keras.common.write_arrays import write_arrays

_LOGGER = logging.getLogger(__name__)
_NAME = "features"


class Features(Protocol):
    """What keeps features, for all runs and processes that train on them."""

    def get(self, origin: str, computed: Callable[[], np.ndarray]) -> np.ndarray:
        """Returns those of this origin, which tells all that they depend on.

        Args:
            origin: It.
            computed: Computes them, where they are not kept.
        """


class KeptFeatures:
    """Features on disk: what was computed once is read from then on.

    A file that is damaged, as a checksum tells, is computed anew, and a warning says so.

    Args:
        folder: Where they are kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, origin: str, computed: Callable[[], np.ndarray]) -> np.ndarray:
        """Returns those of this origin; see `Features`."""
        path = self._folder / f"{hashlib.sha256(origin.encode()).hexdigest()[:32]}.npz"
        if (kept := _kept(path, origin)) is not None:
            return kept
        self._folder.mkdir(parents=True, exist_ok=True)
        with sole_user(self._folder, _NAME, "filled", wait=True):
            clear_leftovers([self._folder])
            if (kept := _kept(path, origin)) is not None:  # by whom was waited for
                return kept
            features = computed()
            write_arrays(path, {"origin": origin, _NAME: features})
        return features


class SharedFeatures:
    """Features that processes hand to each other.

    Args:
        kept: Where they are taken from if they are not those that were handed over.
    """

    def __init__(self, kept: Features) -> None:
        self._kept = kept
        self.latest: tuple[str, np.ndarray] | None = None
        """Those that were handed over, or wanted, last, with their origin."""

    def get(self, origin: str, computed: Callable[[], np.ndarray]) -> np.ndarray:
        """Returns those of this origin; see `Features`."""
        if self.latest is None or self.latest[0] != origin:
            self.latest = (origin, self._kept.get(origin, computed))
        return self.latest[1]


def frozen_features(
    config: Config,
    images: datasets.LeaveOneOut,
    files: KnownFiles,
    front: keras.Model,
    features: Features | None,
) -> np.ndarray:
    """Returns what a frozen front makes of every image: what is kept, or computed and kept.

    What is kept is known by all that it depends on: the images' contents, the front and its
    weights, the size of the images, and what reads and computes, its versions and its source.

    Args:
        config: The experiment.
        images: All images, with no domain held out.
        files: The images' files, in the order of the images' table.
        front: The network up to the layer that is trained from.
        features: What keeps them; None to keep nothing.

    Returns:
        An array of shape `[images, ...]`, float32, in the order of the images' table.

    Raises:
        ChangedError: If an image was changed since it was hashed.
    """

    def computed() -> np.ndarray:
        made = _computed(images, front)
        files.check()  # what is kept of them is never made anew
        return made

    if features is None:
        return computed()
    origin = json.dumps(_origin(config, images, files.digests, front), sort_keys=True)
    return features.get(origin, computed)


def _origin(
    config: Config, images: datasets.LeaveOneOut, digests: Iterable[str], front: keras.Model
) -> dict[str, object]:
    """All that the features depend on."""
    contents, weights = hashlib.sha256(), hashlib.sha256()
    for digest in digests:
        contents.update(bytes.fromhex(digest))
    for variable in front.variables:
        weights.update(np.ascontiguousarray(variable.numpy()).data)
    return {
        "images": contents.hexdigest(),
        "image_shape": images.images.image_shape,
        "backbone": config.backbone.model_dump(),
        "weights": weights.hexdigest(),
        "source": [source_digest(package) for package in ("dg_keras.backbones", "dg_keras.data")],
        # Processes that share the cores have fewer threads than the one that computes this.
        "versions": {name: value for name, value in versions().items() if name != "threads"},
    }


def _computed(images: datasets.LeaveOneOut, front: keras.Model) -> np.ndarray:
    images.images.check()  # a broken one is told here, and not by a thread that nobody ends
    features = np.empty((len(images.table), *front.output_shape[1:]), "float32")
    for domain in images.domains:
        part = images.part(domain)
        batches = datasets.without_tuner(part.batch(images.batch_size))
        features[part.rows] = front.predict(batches, verbose=0)
    return features


def _kept(path: Path, origin: str) -> np.ndarray | None:
    """What the file holds; None where there is none, or where it was damaged and is removed."""
    if not path.is_file():
        return None
    kept = read_arrays(path, "it is computed anew", "origin", _NAME)
    if kept is not None and kept["origin"].item() == origin:
        return kept[_NAME]
    if kept is not None:
        _LOGGER.warning("%s is of other images or of another network: it is computed anew.", path)
    path.unlink(missing_ok=True)
    return None
