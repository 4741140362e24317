"""Each replica takes whole domains."""

from functools import partial
from typing import Any, TypeGuard

import keras
import tensorflow as tf

from dg_keras.common.samples import interleaved
from dg_keras.objectives import Batch, Objective
from dg_keras.step.are_finite import are_finite
from dg_keras.step.batches import split
from dg_keras.step.clipped_share import alike_if_clipped
from dg_keras.step.domain_pass import DomainPass
from dg_keras.step.memory import Memory
from dg_keras.step.moment import Moment
from dg_keras.step.own_domains import own_domains
from dg_keras.step.replicas import (
    all_sum,
    gathered,
    number_of_replicas,
    replica_number,
    share,
)
from dg_keras.step.sums import times
from dg_keras.step.taken import Taken, mean
from dg_keras.strategies import FoldStrategy, GramStrategy, Strategy
from dg_keras.strategies.gram_matrix import gram_matrix
from dg_keras.strategies.gram_strategy import weighted_sum
from dg_keras.strategies.strategy import all_finite, nan_unless


class WholeDomains:
    """A gradient per domain on one replica each, of which little is sent to the others.

    What a replica hands to the optimizer, which sums it over the replicas, is its share of the
    merged gradient. A fold sends a few bits per component before it; a strategy of inner products
    gathers all gradients for these alone; any other strategy gathers them for its merge.
    """

    merge_can_be_compiled = False

    keeps_finite = False

    def __init__(
        self,
        model: keras.Model,
        domain_pass: DomainPass,
        strategy: Strategy,
        objective: Objective,
        memory: Memory,
    ) -> None:
        self._model = model
        self._pass = domain_pass
        self._strategy = strategy
        self._objective = objective
        self._memory = memory
        # What folds one gradient after the other, so that one is in memory.
        self._fold: FoldStrategy | None = None
        if _has_shares(strategy) and strategy.carries_nonfinite and not objective.weighs:
            self._fold = strategy

    def gradients(self, batch: Batch, moment: Moment) -> Taken:
        """All domains' losses, and this replica's gradients, or what they are folded into."""
        own, own_losses, predictions, is_finite = self._own(), [], [], []
        gradients, state = [], None
        before: list[tf.Tensor] = []
        for domain in split(batch, len(own)):
            # The next does not begin before this one is folded: one gradient is in memory.
            with tf.control_dependencies(before):
                loss, gradient, y_pred, limit = self._pass(domain, moment.step)
                if self._pass.watched:
                    is_finite.append(are_finite([gradient], [limit])[0])
            own_losses.append(loss)
            predictions.append(y_pred)
            gradients.append(gradient)
            if self._fold is not None:
                present = [g for g in gradient if g is not None]
                add = self._fold.start if state is None else partial(self._fold.add, state)
                state = add(present)
                before = tf.nest.flatten([state, is_finite])
        losses = tf.unstack(all_sum(self._at_own(own_losses)), num=self._memory.domains)
        finite = None
        if self._pass.watched:
            # Those of the others are their own to tell of.
            finite = self._at_own([tf.cast(~told, tf.float32) for told in is_finite]) == 0.0
        total = mean(losses)
        if self._objective.weighs:
            weights = self._memory.weigh(tf.stack(losses), moment.step)
            if finite is not None:
                finite &= tf.math.is_finite(tf.stack(weights))
            gradients = [times(g, weights[i]) for i, g in zip(own, gradients, strict=True)]
            total = self._objective.total(losses, weights)
        used = [g is not None for g in gradients[0]]
        taken = gradients if self._fold is None else state
        return Taken(losses, total, interleaved(predictions), (used, taken), finite)

    def merge(self, gradients: tuple[list[bool], Any], moment: Moment) -> list:
        """This replica's share of the strategy's gradient."""
        used, taken = gradients
        strategy = self._strategy.of_run(moment.seed)
        if self._fold is not None and _has_shares(strategy):
            merged = strategy.share(taken, all_sum, number_of_replicas(), moment.step)
        else:
            present = [[g for g in gradient if g is not None] for gradient in taken]
            merged = self._merged(present, strategy, moment)
        remaining = iter(alike_if_clipped(merged, self._model.optimizer))
        variables = zip(self._model.trainable_variables, used, strict=True)
        return [tf.cast(next(remaining), v.dtype) if is_used else None for v, is_used in variables]

    def _merged(
        self, gradients: list[list[tf.Tensor]], strategy: Strategy, moment: Moment
    ) -> list[tf.Tensor]:
        if _has_shares(strategy):
            state = strategy.fold(gradients)
            merged = strategy.share(state, all_sum, number_of_replicas(), moment.step)
            if not strategy.carries_nonfinite:
                merged = nan_unless(all_finite(gradients), merged)
        elif isinstance(strategy, GramStrategy) and type(strategy).merge is GramStrategy.merge:
            of_all = self._of_all(gradients)
            weights = strategy.weights(gram_matrix(of_all), moment.step)
            merged = weighted_sum(tf.gather(weights, self._own()), gradients)
        else:
            merged = [share(g) for g in self._memory.merge(self._of_all(gradients), moment)]
        return merged

    def _of_all(self, gradients: list[list[tf.Tensor]]) -> list[list[tf.Tensor]]:
        """All domains' gradients, in the domains' order."""
        order = [i for replica in range(number_of_replicas()) for i in self._own(replica)]
        places = sorted(range(len(order)), key=order.__getitem__)
        by_variable = [gathered(tf.stack(of)) for of in zip(*gradients, strict=True)]
        return [[of_variable[place] for of_variable in by_variable] for place in places]

    def _own(self, replica: int | None = None) -> list[int]:
        replica = replica_number() if replica is None else replica
        return own_domains(replica, number_of_replicas(), self._memory.domains)

    def _at_own(self, values: Any) -> tf.Tensor:
        """Values of this replica's domains at their places among all, 0 elsewhere: float32."""
        numbers = [tf.cast(tf.stop_gradient(value), tf.float32) for value in values]
        return tf.scatter_nd([[i] for i in self._own()], tf.stack(numbers), [self._memory.domains])


def _has_shares(strategy: Strategy) -> TypeGuard[FoldStrategy]:
    return isinstance(strategy, FoldStrategy) and type(strategy).share is not FoldStrategy.share
