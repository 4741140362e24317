"""The rest of a network, as objectives try it that look at features."""

import dataclasses
from collections.abc import Callable

import keras
import tensorflow as tf

from dg_keras.common.samples import mask, masked


@dataclasses.dataclass(frozen=True)
class Head:
    """What makes predictions of features, as in training.

    Called by an objective it leaves no trace: neither in what layers keep, such as
    BatchNormalization's statistics, nor in what they draw, so that dropout draws the same again
    where the step goes on.

    Args:
        rest: The layers behind the features.
        features: A domain's features; what their padding is holds for all that is tried.
        of_all_replicas: `[B, ...]` -> the same of all samples of the domain, on whichever replica;
            itself on one. An objective asks it where it compares samples.
    """

    rest: Callable[[tf.Tensor], tf.Tensor]
    features: tf.Tensor
    of_all_replicas: Callable[[tf.Tensor], tf.Tensor] = lambda values: values

    def __call__(self, features: tf.Tensor) -> tf.Tensor:
        """The predictions, `[B, ...]`."""
        with keras.StatelessScope(collect_losses=True):
            return self.rest(masked(features, by=mask(self.features)))
