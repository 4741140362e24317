"""What callbacks share that act every so many training steps."""

import warnings
from typing import Any, Literal

import keras

from dg_keras.common.is_whole import is_whole


class EverySteps(keras.callbacks.Callback):
    """Calls `measure` when it is time, between two training steps.

    Args:
        every: "epoch" for the end of every epoch, or the number of training steps from one time to
            the next, counted from the beginning of `fit`. With `steps_per_execution`, it waits for
            the end of the execution.
    """

    # Keras may call `on_train_batch_end` on another thread, to its own gain; here it only appends.
    async_safe = True

    def __init__(self, every: int | Literal["epoch"]) -> None:
        if every != "epoch" and (not is_whole(every) or every < 1):
            raise ValueError(
                '`every` must be "epoch" or a positive number of training steps. '
                f"Received: every={every!r}"
            )
        super().__init__()
        self.every = every
        self._step = self._epoch = 0

    def measure(self) -> None:
        """Called when it is time; `_step` is the number of steps of this `fit` before."""
        raise NotImplementedError(f"{type(self).__name__} must override `measure`.")

    def stepped(self) -> None:
        """Called between two executions, before it may be time."""

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Starts to count."""
        self._step = self._measured_step = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Starts to count the epoch's steps."""
        self._epoch, self._epoch_start, self._ended = epoch, self._step, [0]
        self._taken_before = self._taken()

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Measures after the steps before, if it is time: unlike at their end, they are over."""
        self._step = self._steps_before(batch)
        self.stepped()
        self._measure_if_due()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Counts the step: one that began may find no more data, and not end."""
        self._ended.append(batch + 1)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Measures, if it is time."""
        self._step = self._epoch_start + self._steps_of_epoch(max(self._ended))
        if self.every == "epoch":
            self._measure()
        self._measure_if_due()

    def _steps_before(self, batch: int) -> int:
        """How many steps of this `fit` were taken before one begins, which Keras numbers so."""
        if batch and self.params.get("steps") is None and self._together() > 1:
            return self._epoch_start + self._steps_of_epoch(batch)  # data may have ended before
        return self._epoch_start + batch

    def _steps_of_epoch(self, counted: int) -> int:
        """How many steps the epoch had so far.

        Args:
            counted: By Keras, of whose last execution some may be missing.
        """
        known = self.params.get("steps")
        taken = self._taken() - self._taken_before
        if self._counts_all():  # whatever comes of them
            return taken
        if _counts_each(self.model.optimizer):
            is_possible = counted - self._together() < taken <= counted
            return taken if is_possible else counted
        # Of endless data an execution is whole: then more are taken than `fit` was asked for.
        return known if known is not None and 0 < taken <= known < counted else counted

    def _taken(self) -> int:
        """How many steps the model has taken, as far as it tells."""
        if self._counts_all():
            return int(self.model.step)
        optimizer = self.model.optimizer  # None where the model trains without one of its own
        return 0 if optimizer is None else int(optimizer.iterations)

    def _together(self) -> int:
        """How many steps Keras takes at once."""
        return int(getattr(self.model, "steps_per_execution", 1))  # which Keras 2 does not tell

    def _counts_all(self) -> bool:
        """Whether it is a `DomainGeneralizer`, which counts its steps itself."""
        return getattr(self.model, "counts_all_steps", False)

    def _warn_of_never(self, lost: str) -> None:
        """Says that training was over before it was time.

        Args:
            lost: What did not come of it.
        """
        warnings.warn(
            f"{type(self).__name__} measured nothing, so that {lost}: `every` must be at most the "
            f"number of training steps, {self._step}. Received: every={self.every!r}",
            stacklevel=3,
        )

    def _measure_if_due(self) -> None:
        if self.every != "epoch" and self._step // self.every > self._measured_step // self.every:
            self._measure()

    def _measure(self) -> None:
        self.measure()
        self._measured_step = self._step


def _counts_each(optimizer: keras.optimizers.Optimizer | None) -> bool:
    """Whether `iterations` are steps: none is left out for its scale, and no gradients wait."""
    if optimizer is None or hasattr(optimizer, "dynamic_scale"):
        return False
    return not getattr(optimizer, "gradient_accumulation_steps", None)
