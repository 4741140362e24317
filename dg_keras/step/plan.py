"""How the steps of a training are taken, decided once before it."""

from typing import Any, Literal, cast

import keras
import tensorflow as tf

from dg_keras.objectives import Batch, FeatureObjective, Objective
from dg_keras.step.as_before import AsBefore
from dg_keras.step.batches import read
from dg_keras.step.changed_by_passes import changed_by_passes
from dg_keras.step.checks import check_takes_gradients
from dg_keras.step.domain_pass import DomainPass
from dg_keras.step.each_domain import EachDomain
from dg_keras.step.feature_passes import FeaturePasses
from dg_keras.step.in_turn import InTurn
from dg_keras.step.memory import Memory
from dg_keras.step.moment import Moment
from dg_keras.step.nonfinite import Nonfinite, Policy
from dg_keras.step.one_pass import OnePass, is_enough
from dg_keras.step.own_domains import of_own_domains, places
from dg_keras.step.parts import Parts
from dg_keras.step.replicas import number_of_replicas, replica_number
from dg_keras.step.second_points import SecondPoints
from dg_keras.step.taken import Taken
from dg_keras.step.update import Done, Update
from dg_keras.step.way import Way
from dg_keras.step.whole_domains import WholeDomains
from dg_keras.strategies import FoldStrategy, Strategy


class Plan:
    """A training step: the domains' gradients, and the update that they come to.

    Args:
        model: The compiled model.
        net: The network that it trains.
        strategy: What makes one gradient of the domains' gradients.
        objective: What makes a loss, and so a gradient, of each domain's batch.
        memory: Their state, for the number of domains that are trained on.
        on_nonfinite: What to do where a step meets an infinity or NaN.
        in_turn: Whether the domains are taken one after the other.
        jit_compile: Whether XLA compiles the step.
        compile_update: Whether XLA compiles the second half alone; see `Parts`.
        domain_parallel: Whether each replica takes whole domains.
    """

    def __init__(
        self,
        model: keras.Model,
        net: keras.Model,
        strategy: Strategy,
        objective: Objective,
        memory: Memory,
        on_nonfinite: Policy = "raise",
        in_turn: bool = False,
        jit_compile: bool = False,
        compile_update: bool | Literal["auto"] = "auto",
        domain_parallel: bool = False,
    ) -> None:
        self.parts = Parts(model, in_turn, jit_compile, compile_update)
        self._model, self._memory = model, memory
        watched = on_nonfinite != "ignore"
        self._is_parallel = domain_parallel and number_of_replicas() > 1
        domain_pass = DomainPass(model, objective, self.parts, watched, not self._is_parallel)
        self._way: Way
        if self._is_parallel:
            self._way = WholeDomains(model, domain_pass, strategy, objective, memory)
        elif in_turn:
            self._way = InTurn(
                domain_pass, cast(FoldStrategy, strategy), memory.domains, self.parts
            )
        elif is_enough(model, net, strategy, objective):
            self._way = OnePass(model, objective, memory, self.parts, watched)
        else:
            ahead = SecondPoints(model, objective, domain_pass) if objective.looks_ahead else None
            passes = domain_pass.of_each
            if isinstance(objective, FeatureObjective):
                passes = FeaturePasses(model, net, objective, self.parts, watched)
            self._way = EachDomain(passes, strategy, objective, memory, ahead, watched)
        if not isinstance(self._way, OnePass):
            check_takes_gradients(net)
        self.nonfinite = Nonfinite(on_nonfinite, memory.domains) if watched else None
        self._update = Update(model, self._way, self.parts, self.nonfinite)

    def read(self, data: Any) -> Batch:
        """The batch that Keras hands to `train_step`, as tensors.

        Args:
            data: `x`, `(x, y)` or `(x, y, sample_weight)`: sample i is of domain i modulo the
                number of domains; of this replica's domains, where it takes whole ones.
        """
        domains = self._memory.domains
        if not self._is_parallel:
            return read(data, domains)
        replicas = number_of_replicas()
        batch = read(data, places(replicas, domains))
        return of_own_domains(batch, replica_number(), replicas, domains)

    def take(self, batch: Batch, moment: Moment) -> tuple[Taken, Done]:
        """Takes a step: the domains' gradients, and the update that they come to.

        Args:
            batch: Sample i is of domain i modulo the number of domains; as the objective
                prepared it.
            moment: When in which run.
        """
        remembered = AsBefore(self._memory.variables.values())
        changed = AsBefore([] if self.nonfinite is None else changed_by_passes(self._model))
        taken = self._way.gradients(batch, moment)
        scale = self._scale_of_loss()  # not before: a first pass may build the optimizer
        done = self._update(taken, moment)
        is_taken = done.is_taken
        if is_taken is not None:
            changed.unless(is_taken)
        if scale is not None:
            # The optimizer leaves out a step for which the scale was too large, and halves it.
            fits = self._scale_of_loss() >= scale
            is_taken = fits if is_taken is None else is_taken & fits
        if is_taken is not None:
            remembered.unless(is_taken)
        return taken, done

    def _scale_of_loss(self) -> tf.Tensor | None:
        """What the optimizer multiplies the loss with; None if it does not."""
        scale = getattr(self._model.optimizer, "dynamic_scale", None)
        return None if scale is None else tf.convert_to_tensor(scale)
