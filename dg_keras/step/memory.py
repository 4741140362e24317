"""What an objective and a strategy remember from step to step, in variables that are saved."""

from typing import Literal

import keras
import numpy as np
import tensorflow as tf

from dg_keras.common.check_state import check_state
from dg_keras.objectives import Objective
from dg_keras.step.moment import Moment
from dg_keras.strategies import StatefulStrategy, Strategy

Whose = Literal["objective", "strategy"]


class Memory:
    """The state of an objective and of a strategy, for some number of domains.

    Args:
        objective: The objective.
        strategy: The strategy.
        domains: The number of domains.

    Attributes:
        domains: The number of domains.
        variables: By whose they are and their name: `objective_q`.
    """

    def __init__(self, objective: Objective, strategy: Strategy, domains: int) -> None:
        self.domains = domains
        self._objective = objective
        self._strategy = strategy
        states = {"objective": objective.initial_state(domains)}
        if isinstance(strategy, StatefulStrategy):
            states["strategy"] = strategy.initial_state(domains)
        self._initial = {
            f"{whose}_{name}": np.asarray(value)
            for whose, state in states.items()
            for name, value in state.items()
        }
        self.variables: dict[str, keras.Variable] = {
            name: keras.Variable(
                value,
                dtype=value.dtype.name,
                trainable=False,
                aggregation="only_first_replica",
                name=name,
            )
            for name, value in self._initial.items()
        }

    def weigh(self, losses: tf.Tensor, step: tf.Tensor) -> list[tf.Tensor]:
        """The domains' weights by their losses, `[N]`; the objective's state is updated.

        No gradient flows through the weights.
        """
        values = tf.cast(tf.stop_gradient(losses), tf.float32)
        before = self._read("objective")
        made = self._objective.weigh(values, before, step)
        rule = f"`weigh` of {type(self._objective).__name__}"
        if not isinstance(made, tuple) or len(made) != 2:
            raise ValueError(
                f"{rule} must return the domains' weights and the new state. Received: "
                f"{type(made).__name__}"
            )
        weights, state = made
        check_state(rule, state, before)
        self._write("objective", state)
        return tf.unstack(tf.stop_gradient(weights), num=self.domains)

    def merge(self, gradients: list[list], moment: Moment) -> list:
        """The strategy's gradient of the domains'; the strategy's state is updated."""
        strategy = self._strategy.of_run(moment.seed)
        if not isinstance(strategy, StatefulStrategy):
            return strategy(gradients, moment.step)
        merged, state = strategy.advance(gradients, moment.step, self._read("strategy"))
        self._write("strategy", state)
        return merged

    def reset(self) -> None:
        """Puts all back to the start."""
        for name, value in self._initial.items():
            self.variables[name].assign(value)

    def numpy(self, whose: Whose) -> dict[str, np.ndarray]:
        """A copy of somebody's state, by name."""
        return {name: variable.numpy() for name, variable in self._of(whose).items()}

    def _of(self, whose: Whose) -> dict[str, keras.Variable]:
        prefix = f"{whose}_"
        return {
            name.removeprefix(prefix): variable
            for name, variable in self.variables.items()
            if name.startswith(prefix)
        }

    def _read(self, whose: Whose) -> dict[str, tf.Tensor]:
        return {name: tf.convert_to_tensor(v) for name, v in self._of(whose).items()}

    def _write(self, whose: Whose, state: dict[str, tf.Tensor]) -> None:
        for name, value in state.items():
            self.variables[f"{whose}_{name}"].assign(value)
