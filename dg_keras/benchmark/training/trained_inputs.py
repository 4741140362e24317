"""What the trained network takes of the images."""

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from dg_keras import data as datasets


class TrainedInputs:
    """Images as the trained network takes them: what the frozen front, if any, makes of them.

    Args:
        features: From `frozen_features`; None where nothing is frozen.
    """

    def __init__(self, features: np.ndarray | None) -> None:
        self._features = features

    def of(self, part: datasets.Domain) -> Any:
        """A part of a domain, as `fit` and `interleave` take it."""
        return part if self._features is None else (self._features[part.rows], part.labels)

    def train(self, images: datasets.LeaveOneOut) -> dict[str, Any]:
        """The training part of each source."""
        return {name: self.of(part) for name, part in images.train.items()}

    def validation(self, images: datasets.LeaveOneOut) -> tf.data.Dataset:
        """The pooled validation parts of the sources, in batches."""
        if self._features is None:
            return images.validation
        parts = [images.part(source, "validation") for source in images.sources]
        return self.batches(parts, images.batch_size)

    def test(self, images: datasets.LeaveOneOut) -> tf.data.Dataset:
        """What the held-out domain is tested on, in batches."""
        if self._features is None:
            return images.test
        return self.batches([tested(images)], images.batch_size)

    def some(self, part: datasets.Domain, positions: np.ndarray) -> np.ndarray:
        """The inputs at some positions of a part of a domain, shape `[n, ...]`."""
        if self._features is None:
            return part.fetch(positions)[0].numpy()
        return self._features[part.rows[positions]]

    def batches(self, parts: Sequence[datasets.Domain], size: int) -> tf.data.Dataset:
        """Some parts, one after the other, in batches of this size."""
        if self._features is None:
            of_parts = (part.batch(size) for part in parts if len(part))
            return datasets.without_tuner(functools.reduce(tf.data.Dataset.concatenate, of_parts))
        rows = np.concatenate([part.rows for part in parts])
        labels = np.concatenate([part.labels for part in parts])
        whole = tf.data.Dataset.from_tensor_slices((self._features[rows], labels))
        return datasets.without_tuner(whole.batch(size).prefetch(1))


def tested(images: datasets.LeaveOneOut) -> datasets.Domain:
    """The images that the held-out domain is tested on."""
    return images.part(images.held_out, None if images.test_whole else "test")
