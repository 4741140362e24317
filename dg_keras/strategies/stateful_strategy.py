"""Strategies that remember."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from dg_keras.common.check_state import check_state
from dg_keras.strategies.fold_strategy import FoldStrategy
from dg_keras.strategies.gram_strategy import GramStrategy
from dg_keras.strategies.strategy import Strategy


@dataclasses.dataclass(frozen=True)
class StatefulStrategy(Strategy):
    """A strategy whose merge depends on the steps before.

    A subclass overrides `initial_state` and `merge_from`. It is immutable like any other: the state
    is given and returned, and `DomainGeneralizer` keeps it and saves it with the model. Called
    without one, as by `strategy(gradients)`, it merges as in the first step.

    It takes all gradients: it is no `FoldStrategy` and no `GramStrategy`, whose inner products are
    `gram_matrix(gradients)` and whose sum is `weighted_sum(weights, gradients)`.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        others = [base for base in (FoldStrategy, GramStrategy) if issubclass(cls, base)]
        if others or cls.averages:
            what = f"a {others[0].__name__}" if others else "what `averages`"
            raise TypeError(
                f"{cls.__name__} must take all gradients as a StatefulStrategy, and be no other. "
                f"Received: {what}, whose ways to train give it no state"
            )

    def initial_state(self, domains: int) -> dict[str, np.ndarray]:
        """The state before the first step, by name, for so many domains."""
        raise NotImplementedError(f"{type(self).__name__} must override `initial_state`.")

    def merge_from(
        self, gradients: list[list[tf.Tensor]], step: int | tf.Tensor, state: dict[str, tf.Tensor]
    ) -> tuple[list[tf.Tensor], dict[str, tf.Tensor]]:
        """Merges dense gradients; called while the training step is traced, or in each, eagerly.

        Args:
            gradients: As for `Strategy.merge`.
            step: The number of the training step, a scalar integer.
            state: By name, as the step before left it.

        Returns:
            A list over the variables, and the new state, of the same names, shapes and dtypes. In
            training it is put back to the state before where the step is not taken. Under
            `on_nonfinite="ignore"` all are, but for those that loss scaling leaves out: there it
            should be finite even where gradients are not.
        """
        raise NotImplementedError(f"{type(self).__name__} must override `merge_from`.")

    def merge(self, gradients: list[list[tf.Tensor]], step: int | tf.Tensor) -> list[tf.Tensor]:
        """What the first step makes of dense gradients."""
        state = self.initial_state(len(gradients))
        tensors = {name: tf.convert_to_tensor(value) for name, value in state.items()}
        return self._next(gradients, step, tensors)[0]

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
            merged, after = self._next(gradients, step, state)
            return merged

        return self._checked(domain_gradients, merge), after

    def _next(
        self, gradients: list[list[tf.Tensor]], step: int | tf.Tensor, state: dict[str, Any]
    ) -> tuple[Any, dict[str, tf.Tensor]]:
        """What `merge_from` returns, checked."""
        made = self.merge_from(gradients, step, state)
        if not isinstance(made, tuple) or len(made) != 2:
            raise ValueError(
                f"`merge_from` of {type(self).__name__} must return the merged gradient and the "
                f"new state. Received: {type(made).__name__}"
            )
        check_state(f"`merge_from` of {type(self).__name__}", made[1], state)
        return made
