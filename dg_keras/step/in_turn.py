"""One domain after the other, with one gradient in memory."""

import tensorflow as tf

from dg_keras.common.samples import interleaved
from dg_keras.objectives import Batch
from dg_keras.step.are_finite import are_finite
from dg_keras.step.batches import split
from dg_keras.step.domain_pass import DomainPass
from dg_keras.step.moment import Moment
from dg_keras.step.parts import Parts
from dg_keras.step.replicas import replica_number, share, sum_over_replicas
from dg_keras.step.running_fold import RunningFold
from dg_keras.step.taken import Taken, mean
from dg_keras.strategies import FoldStrategy


class InTurn:
    """Folds each domain's gradient into the strategy's state before the next is taken."""

    def __init__(
        self, domain_pass: DomainPass, strategy: FoldStrategy, domains: int, parts: Parts
    ) -> None:
        self._pass = domain_pass
        self._strategy = strategy
        self._domains = domains
        self.merge_can_be_compiled = strategy.can_be_compiled
        self.keeps_finite = strategy.keeps_finite
        self._folds: dict[int, RunningFold] = {}

        def compiled() -> bool:
            return strategy.can_be_compiled and parts.compiles_update()

        self._start = parts.part(self._started, compiled)
        self._add = parts.part(self._added, compiled)

    def gradients(self, batch: Batch, moment: Moment) -> Taken:
        """The domains' losses; for each variable that they depend on, when it is folded."""
        losses, predictions, finite = [], [], []
        folded: list[tf.Tensor] = []
        for number, own in enumerate(split(batch, self._domains)):
            with tf.control_dependencies(folded):
                loss, gradient, y_pred, limit = self._pass(own, moment.step)
                if self._pass.watched:
                    finite.append(are_finite([gradient], [limit])[0])
                present = sum_over_replicas([g for g in gradient if g is not None])
                self._make_fold(present)
                folded = [(self._add if number else self._start)(present)]
            losses.append(loss)
            predictions.append(y_pred)
        done = [None if g is None else folded[0] for g in gradient]
        total, y_pred = mean(losses), interleaved(predictions)
        return Taken(losses, total, y_pred, done, tf.stack(finite) if finite else None)

    def merge(self, gradients: list, moment: Moment) -> list:
        """What the fold came to."""
        merged = map(share, self._fold.finish(moment))
        return [None if done is None else next(merged) for done in gradients]

    def _make_fold(self, gradient: list[tf.Tensor]) -> None:
        if replica_number() not in self._folds:
            with tf.init_scope():
                self._folds[replica_number()] = RunningFold(self._strategy, gradient)

    @property
    def _fold(self) -> RunningFold:
        return self._folds[replica_number()]

    def _started(self, gradient: list[tf.Tensor]) -> tf.Tensor:
        self._fold.start(gradient)
        return tf.zeros([])

    def _added(self, gradient: list[tf.Tensor]) -> tf.Tensor:
        self._fold.add(gradient)
        return tf.zeros([])
