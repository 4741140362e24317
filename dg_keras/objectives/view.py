"""What an objective sees of a domain when it looks at features."""

from typing import NamedTuple

import tensorflow as tf

from dg_keras.objectives.batch import Batch


class View(NamedTuple):
    """A domain in a step: the samples of all replicas, without the network's inputs.

    Attributes:
        features: What the layer puts out, float32 `[B, ...]`.
        y_pred: The network's predictions, float32 `[B, ...]`.
        batch: The targets and weights; its `x` is None.
    """

    features: tf.Tensor
    y_pred: tf.Tensor
    batch: Batch

    @property
    def vectors(self) -> tf.Tensor:
        """The features as a vector per sample, float32 `[B, D]`."""
        return tf.reshape(self.features, [tf.shape(self.features)[0], -1])
