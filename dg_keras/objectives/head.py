"""The rest of a network, as objectives call it that look at features."""

import dataclasses
from collections.abc import Callable

import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Head:
    """What makes predictions of features, as in training.

    Args:
        rest: The layers behind the features.
        of_all_replicas: `[B, ...]` -> the same of all samples of the domain, on whichever replica;
            itself on one. An objective asks it where it compares samples.
    """

    rest: Callable[[tf.Tensor], tf.Tensor]
    of_all_replicas: Callable[[tf.Tensor], tf.Tensor] = lambda values: values

    def __call__(self, features: tf.Tensor) -> tf.Tensor:
        """The predictions, `[B, ...]`."""
        return self.rest(features)
