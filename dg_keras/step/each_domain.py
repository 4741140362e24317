"""A pass for each domain, and all gradients at once."""

from collections.abc import Callable, Sequence

import tensorflow as tf

from dg_keras.common.samples import interleaved
from dg_keras.objectives import Batch, Objective
from dg_keras.step.are_finite import are_finite
from dg_keras.step.batches import split
from dg_keras.step.memory import Memory
from dg_keras.step.moment import Moment
from dg_keras.step.passed import Passed
from dg_keras.step.replicas import share, sum_over_replicas
from dg_keras.step.second_points import SecondPoints
from dg_keras.step.sums import times
from dg_keras.step.taken import Taken, mean
from dg_keras.strategies import Strategy


class EachDomain:
    """A gradient per domain, all of them in memory, of which the strategy makes one."""

    def __init__(
        self,
        passes: Callable[[Sequence[Batch], tf.Tensor], Passed],
        strategy: Strategy,
        objective: Objective,
        memory: Memory,
        second_points: SecondPoints | None,
        watched: bool,
    ) -> None:
        self._passes = passes
        self._watched = watched
        self._objective = objective
        self._memory = memory
        self._second_points = second_points
        self.merge_can_be_compiled = strategy.can_be_compiled
        self.keeps_finite = strategy.keeps_finite

    def gradients(self, batch: Batch, moment: Moment) -> Taken:
        """The domains' losses and gradients."""
        batches = split(batch, self._memory.domains)
        losses, gradients, y_pred, bounds, penalty = self._passes(batches, moment.step)
        finite = are_finite(gradients, bounds) if self._watched else None
        if self._second_points is not None:
            gradients, there = self._second_points.add(gradients, batches, moment)
            if self._watched:
                # A gradient that is not finite leads to a point that says nothing of the partner.
                finite &= there | ~tf.reduce_all(finite)
        total = mean(losses)
        if self._objective.weighs:
            weights = self._weigh(losses, moment)
            if self._watched:
                finite &= tf.math.is_finite(tf.stack(weights))
            gradients = [times(g, w) for g, w in zip(gradients, weights, strict=True)]
            total = self._objective.total(losses, weights)
        if penalty is not None:
            total += tf.cast(penalty, total.dtype)
        return Taken(losses, total, interleaved(list(y_pred)), list(gradients), finite)

    def merge(self, gradients: list[list], moment: Moment) -> list:
        """The strategy's gradient, as this replica's share of it."""
        # The optimizer sums what the replicas hand it. A nonlinear merge must see each
        # domain's gradient already summed; then every replica hands on its share of one result.
        whole = [sum_over_replicas(gradient) for gradient in gradients]
        return [None if g is None else share(g) for g in self._memory.merge(whole, moment)]

    def _weigh(self, losses: Sequence[tf.Tensor], moment: Moment) -> list[tf.Tensor]:
        """The domains' weights by their losses on all replicas."""
        (values,) = sum_over_replicas([share(tf.stack(losses))])
        return self._memory.weigh(values, moment.step)
