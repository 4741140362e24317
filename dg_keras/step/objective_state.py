"""What an objective remembers from step to step, in variables that are saved."""

import keras
import numpy as np
import tensorflow as tf

from dg_keras.objectives import Objective


class ObjectiveState:
    """An objective's state in variables.

    Args:
        objective: The objective.
        domains: The number of domains.
    """

    def __init__(self, objective: Objective, domains: int) -> None:
        self.domains = domains
        self._objective = objective
        self._initial = objective.initial_state(domains)
        self.variables: dict[str, keras.Variable] = {
            name: keras.Variable(
                value,
                dtype=value.dtype.name,
                trainable=False,
                aggregation="only_first_replica",
                name=f"objective_{name}",
            )
            for name, value in self._initial.items()
        }

    def read(self) -> dict[str, tf.Tensor]:
        """The state by name."""
        return {name: tf.convert_to_tensor(v) for name, v in self.variables.items()}

    def write(self, state: dict[str, tf.Tensor]) -> None:
        """Changes the state."""
        for name, value in state.items():
            self.variables[name].assign(value)

    def weigh(self, losses: tf.Tensor) -> list[tf.Tensor]:
        """The domains' weights by their losses, float32 `[N]`; the state is updated."""
        weights, state = self._objective.weigh(losses, self.read())
        self.write(state)
        return tf.unstack(weights, num=self.domains)

    def reset(self) -> None:
        """Puts the state back to the start."""
        self.write(self._initial)

    def numpy(self) -> dict[str, np.ndarray]:
        """A copy of the state."""
        return {name: variable.numpy() for name, variable in self.variables.items()}
