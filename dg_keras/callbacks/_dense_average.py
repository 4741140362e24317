"""The mean of the weights of every step in a valley of the loss, or between given steps."""

import functools
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from dg_keras.callbacks._loss_valley import LossValley, Segment


class DenseAverage:
    """Takes the weights of one step after the other, and knows which of them belong together.

    Args:
        model: Whose weights; those that are no floats are left out. It may be built by its first
            step.
        valley: What finds the bounds by losses.
        start: The first step that is averaged, counted from 1; None to find it.
        until: The last step that is averaged; None to find it, or to average to the end where
            `start` is given.

    Attributes:
        latest: The step after which the weights were taken, or not wanted, last.
    """

    def __init__(
        self,
        model: keras.Model,
        valley: LossValley,
        start: int | None = None,
        until: int | None = None,
    ) -> None:
        self._model = model
        self._valley = valley
        self._start, self._until = start, until
        self._steps = self._first = self._last = 0
        self.latest = 0

    @functools.cached_property
    def _weights(self) -> list[keras.Variable]:
        return [v for v in self._model.weights if tf.as_dtype(v.dtype).is_floating]

    @functools.cached_property
    def _means(self) -> list[tf.Variable]:
        """Of the steps since the last loss, on the device."""
        return [
            tf.Variable(tf.zeros(w.shape, _wide(w.dtype)), trainable=False) for w in self._weights
        ]

    @functools.cached_property
    def _add(self) -> Callable[[tf.Tensor], None]:
        """Takes the weights into the means, as so large a part of them."""
        pairs = list(zip(self._means, self._weights, strict=True))

        def added(part: tf.Tensor) -> None:
            for mean, weight in pairs:
                value = tf.cast(tf.convert_to_tensor(weight), mean.dtype)
                mean.assign_add(tf.cast(part, mean.dtype) * (value - mean))

        return tf.function(added, autograph=False)

    def take(self, step: int) -> None:
        """Takes the weights as they are after a step, if they are new and wanted."""
        is_wanted = step >= (self._start or 1) and step <= (self._until or step)
        is_new, self.latest = step > self.latest, step
        if not is_new or not is_wanted or self._valley.is_over:
            return
        if not self._steps:
            self._first = step
        self._steps, self._last = self._steps + 1, step
        self._add(tf.constant(1 / self._steps, tf.float32))

    def measured(self, loss: float) -> None:
        """Takes the loss of the weights that were taken last."""
        if self._start is None:
            segment = self._taken()
            if segment is not None:
                self._valley.add(segment, loss)

    def put_in(self) -> tuple[int, int] | None:
        """Makes the mean the weights; returns its first and last step, None if there are none.

        Steps behind the last finite loss, or whose weights are not finite, are no part of it.
        """
        rest = self._taken()
        if rest is not None and not all(np.isfinite(mean).all() for mean in rest.weights):
            rest = None
        if self._start is not None:
            whole = rest
        else:
            whole = self._valley.average()
            if rest is not None and self._valley.is_open:
                whole = rest if whole is None else whole + rest
        if whole is None:
            return None
        for variable, value in zip(self._weights, whole.weights, strict=True):
            variable.assign(value)
        return whole.first, whole.last

    def state(self) -> dict[str, np.ndarray]:
        """What a process needs to go on."""
        means = {f"means/{i}": mean.numpy() for i, mean in enumerate(self._means)}
        counts = np.array([self._steps, self._first, self._last, self.latest])
        return {"counts": counts, **means, **self._valley.state()}

    def is_of_shapes(self, state: dict[str, np.ndarray]) -> bool:
        """Whether a state is of as many weights, of the same shapes."""
        number = sum(name.startswith("means/") for name in state)
        shapes = [state[f"means/{i}"].shape for i in range(number)]
        return shapes == [tuple(mean.shape) for mean in self._means]

    def resume(self, state: dict[str, np.ndarray]) -> None:
        """Goes on from the state of another process."""
        self._steps, self._first, self._last, self.latest = map(int, state["counts"])
        for i, mean in enumerate(self._means):
            mean.assign(state[f"means/{i}"])
        self._valley.resume(state)

    def _taken(self) -> Segment | None:
        """The mean of the steps since the last loss, which begins anew; None if there are none."""
        if not self._steps:
            return None
        means = [mean.numpy() for mean in self._means]
        segment = Segment(means, self._steps, self._first, self._last)
        self._steps = 0
        for mean in self._means:
            mean.assign(tf.zeros_like(mean))
        return segment


def _wide(dtype: str) -> tf.DType:
    """What many weights of a dtype are averaged in."""
    return tf.float64 if dtype == "float64" else tf.float32
