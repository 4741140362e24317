"""What Keras 3.15 can't do where several machines train one model, in its stead."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def first_of_own(batch: Any, distribution: tf.distribute.Strategy) -> Any:
    """What the first of this machine's replicas is given of a batch."""
    return tf.nest.map_structure(lambda t: distribution.experimental_local_results(t)[0], batch)


class PackedLogs:
    """A step whose logs are one tensor, so that machines take the mean of all in one message.

    Keras takes means of logs over their first axis where there are several machines, and a number
    has none.

    Args:
        step: It; from a batch to logs.
    """

    def __init__(self, step: Callable[[Any], dict[str, Any]]) -> None:
        self._step = step
        self._names: list[str] = []

    def __call__(self, data: Any) -> tf.Tensor:
        """The step's logs, `[1, logs]`."""
        logs = self._step(data)
        self._names = list(logs)
        return tf.stack([tf.cast(value, tf.float32) for value in logs.values()])[None]

    def unpacked(self, means: tf.Tensor) -> dict[str, tf.Tensor]:
        """The logs that Keras' means of them stand for."""
        return dict(zip(self._names, tf.unstack(tf.reshape(means, [-1])), strict=True))
