"""Accuracy of every domain after every epoch."""

from typing import Any

import keras
import numpy as np

from dg_keras import data as datasets
from dg_keras.benchmark.training.by_part import ByPart
from dg_keras.benchmark.training.trained_inputs import TrainedInputs, tested


class AccuracyAlongTraining(keras.callbacks.Callback):
    """Puts the accuracy of each source's validation part, and of the held-out domain, into `logs`.

    They are called `val_accuracy/<source>` and `test_accuracy/<target>`, and that of all sources
    together `val_accuracy`, as Keras calls that of its `validation_data`, which this takes the
    place of: one pass over all images, where evaluating each domain beside all of them takes two.

    Args:
        net: The network that is trained, which returns a score per class.
        images: The images, a domain of them held out.
        inputs: What the network takes of them.
        with_target: Whether the held-out domain is evaluated, too.
    """

    def __init__(
        self,
        net: keras.Model,
        images: datasets.LeaveOneOut,
        inputs: TrainedInputs,
        with_target: bool,
    ) -> None:
        super().__init__()
        self._sources = images.sources
        self._target = images.target if with_target else None
        parts = [images.part(source, "validation") for source in images.sources]
        parts += [tested(images)] * with_target
        self._by_part = ByPart(net, parts, inputs, images.batch_size)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Evaluates."""
        if logs is None:
            return
        of_each = [scores.argmax(axis=-1) == labels for labels, scores in self._by_part()]
        of_sources = of_each[: len(self._sources)]
        logs["val_accuracy"] = float(np.concatenate(of_sources).mean())
        for source, correct in zip(self._sources, of_sources, strict=True):
            if len(correct):
                logs[f"val_accuracy/{source}"] = float(correct.mean())
        if self._target is not None:
            logs[f"test_accuracy/{self._target}"] = float(of_each[-1].mean())
