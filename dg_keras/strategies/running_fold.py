"""The state of a fold in variables, which change in place."""

import tensorflow as tf

from dg_keras.strategies.fold_strategy import FoldStrategy


class RunningFold:
    """Folds domains one at a time, with no more than the strategy's state in memory.

    `start / add / finish` of a `FoldStrategy`, whose state is kept in TensorFlow's variables: a
    compiled function that adds a domain to them writes where it read, instead of making them anew.

    Args:
        strategy: The strategy.
        gradient: The shapes and dtypes of a domain's gradient, a `tf.TensorSpec` a variable.
    """

    def __init__(self, strategy: FoldStrategy, gradient: list[tf.TensorSpec]) -> None:
        self._strategy = strategy
        started = tf.function(strategy.start, autograph=False).get_concrete_function(gradient)
        self._state = tf.nest.map_structure(
            lambda spec: tf.Variable(tf.zeros(spec.shape, spec.dtype), trainable=False),
            started.structured_outputs,
        )

    def start(self, gradient: list[tf.Tensor]) -> None:
        """Takes the first domain."""
        self._assign(self._strategy.start(gradient))

    def add(self, gradient: list[tf.Tensor]) -> None:
        """Takes one more domain."""
        self._assign(self._strategy.add(self._values(), gradient))

    def finish(self, step: int | tf.Tensor) -> list[tf.Tensor]:
        """The merged gradient of all domains since `start`."""
        return self._strategy.finish(self._values(), step)

    def _values(self) -> object:
        return tf.nest.map_structure(tf.convert_to_tensor, self._state)

    def _assign(self, state: object) -> None:
        tf.nest.map_structure(lambda variable, value: variable.assign(value), self._state, state)
