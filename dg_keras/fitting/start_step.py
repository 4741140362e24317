"""The step at which training begins."""

from typing import Any

import keras
import tensorflow as tf


class StartStep(keras.callbacks.Callback):
    """Tells the batches at which step training begins; another callback may have restored it.

    Attributes:
        step: A scalar int64, for `dg_keras.data.interleave`. It holds no model, which a dataset
            would keep alive.
    """

    def __init__(self) -> None:
        super().__init__()
        self.step = tf.Variable(0, dtype=tf.int64, trainable=False)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Reads the model's step."""
        self.step.assign(tf.convert_to_tensor(self.model.step))
