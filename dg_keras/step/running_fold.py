"""The state of a fold in variables, which change in place."""

from typing import Any

import tensorflow as tf

from dg_keras.step.moment import Moment
from dg_keras.step.replicas import is_of_many_machines
from dg_keras.strategies import FoldStrategy
from dg_keras.strategies.strategy import all_finite, check_merged, nan_unless


class RunningFold:
    """Folds domains one at a time, with no more than the strategy's state in memory.

    `start / add / finish` of a `FoldStrategy`, whose state is kept in TensorFlow's variables: a
    compiled function that adds a domain to them writes where it read, instead of making them anew.

    Args:
        strategy: The strategy.
        gradient: A domain's gradient, for its shapes and dtypes.
    """

    def __init__(self, strategy: FoldStrategy, gradient: list[tf.Tensor]) -> None:
        self._strategy = strategy
        self._gradient = [tf.TensorSpec(g.shape, g.dtype) for g in gradient]
        started = tf.function(self._started, autograph=False).get_concrete_function(self._gradient)
        self._values_of = started.structured_outputs
        self._state = tf.nest.map_structure(_variable, self._values_of)

    def start(self, gradient: list[tf.Tensor]) -> None:
        """Takes the first domain."""
        self._assign(self._started(gradient))

    def add(self, gradient: list[tf.Tensor]) -> None:
        """Takes one more domain."""
        finite, state = self._values()
        added = self._strategy.add(state, gradient)
        self._assign((finite & self._is_finite(gradient), added))

    def finish(self, moment: Moment) -> list[tf.Tensor]:
        """The merged gradient of all domains since `start`."""
        finite, state = self._values()
        merged = self._strategy.of_run(moment.seed).finish(state, moment.step)
        merged = check_merged(type(self._strategy), merged, self._gradient)
        return merged if self._strategy.carries_nonfinite else nan_unless(finite, merged)

    def _started(self, gradient: list[tf.Tensor]) -> tuple[tf.Tensor, Any]:
        return self._is_finite(gradient), self._strategy.start(gradient)

    def _is_finite(self, gradient: list[tf.Tensor]) -> tf.Tensor:
        """Whether the gradient is finite; True where the state tells in the end."""
        return tf.constant(True) if self._strategy.carries_nonfinite else all_finite([gradient])

    def _values(self) -> Any:
        return tf.nest.map_structure(
            lambda variable, value: None if variable is None else tf.cast(variable, value.dtype),
            self._state,
            self._values_of,
        )

    def _assign(self, state: Any) -> None:
        tf.nest.map_structure(
            lambda variable, value: (
                None if variable is None else variable.assign(tf.cast(value, variable.dtype))
            ),
            self._state,
            state,
        )


def _variable(value: Any) -> tf.Variable | None:
    """A variable for a part of the state, of which some may be None."""
    if value is None:
        return None
    dtype = value.dtype
    # Machines send each other what a variable begins with, and TensorFlow sends no small integers.
    if dtype.is_integer and dtype.size < 4 and is_of_many_machines(tf.distribute.get_strategy()):
        dtype = tf.int32
    return tf.Variable(
        tf.zeros(value.shape, dtype),
        trainable=False,
        synchronization=tf.VariableSynchronization.ON_READ,  # each replica's is its own
    )
