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
        self._like: dict[str, tf.TensorSpec] = {}

    def __call__(self, data: Any) -> tf.Tensor:
        """The step's logs, `[1, numbers]`."""
        logs = {name: tf.convert_to_tensor(value) for name, value in self._step(data).items()}
        self._like = {name: tf.TensorSpec(v.shape, v.dtype) for name, v in logs.items()}
        numbers = [tf.reshape(tf.cast(value, tf.float32), [-1]) for value in logs.values()]
        return tf.concat(numbers, axis=0)[None]

    def unpacked(self, means: tf.Tensor) -> dict[str, tf.Tensor]:
        """The logs that Keras' means of them stand for."""
        sizes = [spec.shape.num_elements() for spec in self._like.values()]
        parts = zip(self._like.items(), tf.split(tf.reshape(means, [-1]), sizes), strict=True)
        return {
            name: tf.cast(tf.reshape(part, spec.shape), spec.dtype) for (name, spec), part in parts
        }
