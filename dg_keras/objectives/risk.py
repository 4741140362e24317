"""The compiled loss, as objectives call it."""

import dataclasses
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from dg_keras.objectives.batch import Batch


@dataclasses.dataclass(frozen=True)
class Risk:
    """The compiled loss of a batch and the network's predictions for it.

    A scalar: the mean over the samples, with what the layers add for these data, without the
    regularizers of the weights.

    Args:
        loss: Takes a batch, predictions, and a share as `__call__` does.
        of_all_replicas: The mean of a tensor over all replicas that hold samples of the domain,
            through which gradients flow; itself on one replica. An objective asks it for what goes
            into its loss as other than a mean over samples.
    """

    loss: Callable[..., tf.Tensor]
    of_all_replicas: Callable[[tf.Tensor], tf.Tensor] = lambda value: value

    def __call__(self, batch: Batch, y_pred: Any, share: tf.Tensor | None = None) -> tf.Tensor:
        """The loss.

        Args:
            batch: Some samples.
            y_pred: The predictions for them.
            share: What part of a sample each counts as in what Keras logs of the losses of several
                outputs, a scalar; None for all of it.
        """
        return self.loss(batch, y_pred, share)
