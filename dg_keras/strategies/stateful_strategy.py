"""Strategies that remember."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from dg_keras.strategies.strategy import Strategy


@dataclasses.dataclass(frozen=True)
class StatefulStrategy(Strategy):
    """A strategy whose merge depends on the steps before.

    A subclass overrides `initial_state` and `merge_from`. It is immutable like any other: the state
    is given and returned, and `DomainGeneralizer` keeps it and saves it with the model. Called
    without one, as by `strategy(gradients)`, it merges as in the first step.
    """

    def initial_state(self, domains: int) -> dict[str, np.ndarray]:
        """The state before the first step, by name, for so many domains."""
        raise NotImplementedError(f"{type(self).__name__} must override `initial_state`.")

    def merge_from(
        self, gradients: list[list[tf.Tensor]], step: int | tf.Tensor, state: dict[str, tf.Tensor]
    ) -> tuple[list[tf.Tensor], dict[str, tf.Tensor]]:
        """Merges dense gradients; called once per training step, while it is traced.

        Args:
            gradients: As for `Strategy.merge`.
            step: The number of the training step, a scalar integer.
            state: By name, as the step before left it. Where gradients are infinite or NaN, what is
                returned instead must be finite.

        Returns:
            A list over the variables, and the new state.
        """
        raise NotImplementedError(f"{type(self).__name__} must override `merge_from`.")

    def merge(self, gradients: list[list[tf.Tensor]], step: int | tf.Tensor) -> list[tf.Tensor]:
        """What the first step makes of dense gradients."""
        state = self.initial_state(len(gradients))
        tensors = {name: tf.convert_to_tensor(value) for name, value in state.items()}
        return self.merge_from(gradients, step, tensors)[0]

    def advance(
        self,
        domain_gradients: Sequence[Sequence[Any]],
        step: int | tf.Tensor,
        state: dict[str, tf.Tensor],
    ) -> tuple[list[tf.Tensor | None], dict[str, tf.Tensor]]:
        """Merges the domains' gradients, as a call does, and returns the new state beside.

        Args:
            domain_gradients: As for a call.
            step: The number of the training step, a scalar integer.
            state: As the step before left it, or `initial_state`.
        """
        after = state

        def merge(gradients: list[list[tf.Tensor]]) -> list[tf.Tensor]:
            nonlocal after
            merged, after = self.merge_from(gradients, step, state)
            return merged

        return self._checked(domain_gradients, merge), after
