"""Figure 2 of Mansilla et al. (2021), recorded along training."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from dg_keras.analysis import GradientGram, gradient_similarity
from dg_keras.benchmark.records.record import Similarity


class SimilarityRecorder(keras.callbacks.Callback):
    """Records the cosine similarity of single samples' gradients, within and between domains.

    Before the first step and at the end of every epoch; the mean over the batches.

    Args:
        gram: Of the network that is trained.
        batches: `(x, y, domains)` each, of samples of one class: inputs, labels, and the domain of
            every sample.
        steps: The number of steps of an epoch.
    """

    def __init__(
        self, gram: GradientGram, batches: Sequence[tuple[Any, Any, Any]], steps: int
    ) -> None:
        super().__init__()
        self._gram = gram
        self._batches = batches
        self._steps = steps
        self._measured: list[tuple[int, float, float]] = []

    def recorded(self) -> Similarity:
        """What was measured."""
        steps, within, between = zip(*self._measured, strict=True)
        return Similarity(steps=list(steps), within=list(within), between=list(between))

    def state(self) -> dict[str, np.ndarray]:
        """What a process needs to go on."""
        return {"measured": np.array(self._measured)}

    def resume(self, state: dict[str, np.ndarray]) -> None:
        """Goes on from the state of another process."""
        self._measured = [(int(step), *of) for step, *of in state["measured"].tolist()]

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Measures the network as it is before training."""
        if not self._measured:
            self._measure(step=0)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Measures."""
        self._measure(step=self._steps * (epoch + 1))

    def _measure(self, step: int) -> None:
        similarities = [
            gradient_similarity(self._gram(x, y), domains) for x, y, domains in self._batches
        ]
        within, between = np.mean(similarities, axis=0)
        self._measured.append((step, float(within), float(between)))
