"""The step at which training begins."""

from typing import Any

import keras
import tensorflow as tf


class StartStep(keras.callbacks.Callback):
    """Tells the batches at which step training begins; another callback may have restored it.

    Args:
        step: What it is by now, for domains that are streams, which are passed over at once.

    Attributes:
        step: A scalar int64, for `dg_keras.data.interleave`. It holds no model, which a dataset
            would keep alive.
    """

    def __init__(self, step: int) -> None:
        super().__init__()
        with tf.device("CPU:0"):  # where datasets read it
            self.step = tf.Variable(step, dtype=tf.int64, trainable=False)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Reads the model's step."""
        self.step.assign(tf.convert_to_tensor(self.model.step))
