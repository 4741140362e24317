"""The state of the network that is tested."""

from typing import Any, Literal

import keras
import numpy as np

from dg_keras.benchmark.training.nonfinite_scores_error import NonfiniteScoresError


class SelectedState(keras.callbacks.Callback):
    """Keeps the weights of the selected evaluation, and puts them back when training ends.

    Unlike Keras' `EarlyStopping` it can go on where another process ended.

    Args:
        selection: "best", the first evaluation of those that were best on the sources' validation
            parts, or "last".

    Attributes:
        evaluation: Which one was selected so far, counted from 0; -1 before the first.
    """

    def __init__(self, selection: Literal["best", "last"]) -> None:
        super().__init__()
        self._selection = selection
        self.evaluation = -1
        self._best = -np.inf
        self._weights: list[np.ndarray] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Keeps the weights, if there were no better ones.

        Raises:
            NonfiniteScoresError: If the loss of what it was validated on is infinite or NaN.
        """
        if not np.isfinite((logs or {}).get("val_loss", 0.0)):
            raise NonfiniteScoresError
        if self._selection == "last":
            self.evaluation = epoch
            return
        accuracy = (logs or {})["val_accuracy"]
        if accuracy > self._best:
            self.evaluation, self._best = epoch, accuracy
            self._weights = self.model.get_weights()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Puts the selected weights back."""
        if self._weights:
            self.model.set_weights(self._weights)

    def state(self) -> dict[str, np.ndarray]:
        """What a process needs to go on."""
        weights = {f"weights/{i}": value for i, value in enumerate(self._weights)}
        return {"evaluation": np.array(self.evaluation), "best": np.array(self._best), **weights}

    def resume(self, state: dict[str, np.ndarray]) -> None:
        """Goes on from the state of another process."""
        self.evaluation, self._best = int(state["evaluation"]), float(state["best"])
        self._weights = [state[f"weights/{i}"] for i in range(len(state) - 2)]
