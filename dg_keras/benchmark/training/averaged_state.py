"""The averaged weights, in which a network is tested."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from dg_keras.callbacks._dense_average import DenseAverage
from dg_keras.callbacks._loss_valley import LossValley


class AveragedState(keras.callbacks.Callback):
    """Averages the weights of all steps in a valley of the loss, and puts them in at the end.

    As `dg_keras.callbacks.WeightAveraging` with a metric of its own, and it can go on where another
    process ended. An epoch's `logs` get `source_loss`.

    Args:
        every: The number of steps of an epoch.
        source_loss: The loss on the sources' validation parts.

    Attributes:
        averaged: The first and the last step that are in the average, known when training ends;
            the last one alone where the valley ended as it began.
    """

    # Keras may call `on_train_batch_end` on another thread, to its own gain; there is none here.
    async_safe = True

    def __init__(self, every: int, source_loss: Callable[[], float]) -> None:
        super().__init__()
        self._every = every
        self._source_loss = source_loss
        self._epoch = 0
        self._saved: dict[str, np.ndarray] | None = None
        self.averaged = (0, 0)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Begins, or goes on."""
        self._average = DenseAverage(self.model, LossValley())
        if self._saved is not None:
            self._average.resume(self._saved)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Knows which step is next."""
        self._epoch = epoch

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Takes the weights after the step before."""
        if batch:
            self._average.take(self._epoch * self._every + batch)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Takes the weights after the last step, and the loss."""
        self._average.take((epoch + 1) * self._every)
        loss = self._source_loss()
        self._average.measured(loss)
        if logs is not None:
            logs["source_loss"] = loss

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Puts the averaged weights in."""
        last = self._average.latest
        self.averaged = self._average.put_in() or (last, last)

    def state(self) -> dict[str, np.ndarray]:
        """What a process needs to go on."""
        return self._average.state()

    def resume(self, state: dict[str, np.ndarray]) -> None:
        """Goes on from the state of another process."""
        self._saved = state
