"""The averaged weights, in which a network is tested."""

from typing import Any

import keras
import numpy as np

from dg_keras.callbacks._dense_average import DenseAverage
from dg_keras.callbacks._loss_valley import LossValley


class AveragedState(keras.callbacks.Callback):
    """Averages the weights of all steps in a valley of `val_loss`, and puts them in at the end.

    As `dg_keras.callbacks.WeightAveraging`, but of the loss that is in the logs, and it can go on
    where another process ended.

    Args:
        every: The number of steps of an epoch.

    Attributes:
        evaluation: None: the weights are of no single one.
        last_step: The last step that was averaged.
    """

    # Keras may call `on_train_batch_end` on another thread, to its own gain; there is none here.
    async_safe = True
    evaluation = None

    def __init__(self, every: int) -> None:
        super().__init__()
        self._every = every
        self._epoch = 0
        self._saved: dict[str, np.ndarray] | None = None
        self.last_step = 0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Begins, or goes on."""
        self._average = DenseAverage(self.model.weights, LossValley())
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
        self._average.measured((logs or {})["val_loss"])

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Puts the averaged weights in; where the valley ended as it began, the last ones stay."""
        averaged = self._average.put_in()
        self.last_step = (self._epoch + 1) * self._every if averaged is None else averaged[1]

    def state(self) -> dict[str, np.ndarray]:
        """What a process needs to go on."""
        return self._average.state()

    def resume(self, state: dict[str, np.ndarray]) -> None:
        """Goes on from the state of another process."""
        self._saved = state
