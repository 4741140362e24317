"""When in which run a step is taken."""

from typing import NamedTuple

import tensorflow as tf


class Moment(NamedTuple):
    """The run's seed and the number of the step, which all that is drawn depends on.

    Args:
        seed: Of the run, an int64 scalar.
        step: The number of training steps taken before, an int64 scalar.
    """

    seed: tf.Tensor
    step: tf.Tensor

    @property
    def key(self) -> tf.Tensor:
        """The seed of an objective's draws in this step, int64 `[2]`."""
        return tf.stack([self.seed, self.step])
