"""Variables that are put back if a step is not taken."""

from collections.abc import Iterable

import keras
import tensorflow as tf


class AsBefore:
    """What variables hold now.

    Args:
        variables: Some variables, small ones: each is read and written in every step.
    """

    def __init__(self, variables: Iterable[keras.Variable]) -> None:
        self._values = [(v, tf.convert_to_tensor(v)) for v in variables]

    def unless(self, taken: tf.Tensor) -> None:
        """Puts the values back, unless the step was taken (a bool scalar)."""
        for variable, before in self._values:
            variable.assign(tf.where(taken, tf.convert_to_tensor(variable), before))
