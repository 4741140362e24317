"""How the steps of a training are taken, decided once before it."""

from typing import Any, Literal

import keras
import tensorflow as tf

from dg_keras.objectives import Batch, Objective
from dg_keras.step.checks import has_trainable_batch_norm
from dg_keras.step.domain_pass import DomainPass
from dg_keras.step.each_domain import EachDomain
from dg_keras.step.in_turn import InTurn
from dg_keras.step.moment import Moment
from dg_keras.step.objective_state import ObjectiveState
from dg_keras.step.one_pass import OnePass
from dg_keras.step.parts import Parts
from dg_keras.step.second_points import SecondPoints
from dg_keras.step.taken import Taken
from dg_keras.step.update import Update
from dg_keras.strategies import Strategy


class Plan:
    """A training step in two halves: the domains' gradients, and the update they come to.

    Args:
        model: The compiled model.
        strategy: What makes one gradient of the domains' gradients.
        objective: What makes a loss, and so a gradient, of each domain's batch.
        state: The objective's state, for the number of domains that are trained on.
        in_turn: Whether the domains are taken one after the other.
        compile_update: Whether XLA compiles the second half alone; see `Parts`.
    """

    def __init__(
        self,
        model: keras.Model,
        strategy: Strategy,
        objective: Objective,
        state: ObjectiveState,
        in_turn: bool = False,
        compile_update: bool | Literal["auto"] = "auto",
    ) -> None:
        self.parts = Parts(model, in_turn, compile_update)
        domain_pass = DomainPass(model, objective, self.parts)
        if in_turn:
            self._way = InTurn(domain_pass, strategy, state.domains, self.parts)
        elif (
            strategy.averages
            and not objective.needs_all_domains
            and not has_trainable_batch_norm(model)
        ):
            self._way = OnePass(model, objective, state.domains)
        else:
            ahead = SecondPoints(model, objective, domain_pass) if objective.looks_ahead else None
            self._way = EachDomain(domain_pass, strategy, objective, state, ahead)
        self._update = Update(model, self._way, self.parts)

    def gradients(self, batch: Batch, moment: Moment) -> Taken:
        """The first half: the domains' losses, predictions and gradients.

        Args:
            batch: Sample i is of domain i modulo the number of domains; as the objective
                prepared it.
            moment: When in which run.
        """
        return self._way.gradients(batch, moment)

    def update(self, gradients: Any, moment: Moment) -> tf.Tensor | None:
        """The second half: merges the gradients and applies the result, once.

        Returns:
            The regularizers' penalty on the weights, a scalar, or None without regularizers.
        """
        return self._update(gradients, moment)
