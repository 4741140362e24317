"""Invariant risk minimization."""

from typing import Any, ClassVar

import keras
import tensorflow as tf

from dg_keras.common.configured import public
from dg_keras.common.samples import every, mask, masked
from dg_keras.objectives._annealed import Annealed
from dg_keras.objectives.batch import Batch
from dg_keras.objectives.risk import Risk


@public
class IRM(Annealed):
    """Punishes a domain's loss where another scale of the logits would suit that domain better.

    "Invariant risk minimization", Arjovsky et al. (2019), IRMv1: a domain's mean loss plus
    lambda times the squared derivative of that loss by a factor s of the logits, at s = 1. The
    square is the product of two unbiased estimates, from every other sample of the batch.

    Until `anneal_steps` lambda is 1; then it is `penalty_weight`, and the optimizer starts anew,
    its moments and its count of steps.

    Args:
        penalty_weight: Lambda after the change.
        anneal_steps: The number of steps before the change. With `steps_per_execution` it must be a
            multiple of that.
    """

    penalty_weight: float = 100.0
    anneal_steps: int = 500

    needs_logits: ClassVar[bool] = True

    def loss(self, batch: Batch, y_pred: Any, risk: Risk, step: tf.Tensor) -> tf.Tensor:
        """The compiled loss, and the penalty."""
        samples = keras.tree.flatten(y_pred)[0].shape[0]
        if samples is not None and samples < 2:
            raise ValueError(
                "`batch_size` must be at least 2 for IRM, and on several replicas at least 2 for "
                f"each: a sample for each estimate. Received: {samples} per replica"
            )
        halves = [
            _derivative_by_scale(every(batch, start, 2), every(y_pred, start, 2), risk)
            for start in (0, 1)
        ]
        # A product of means over all replicas' samples is no mean of the replicas' products.
        even, odd = tf.unstack(risk.of_all_replicas(tf.stack(halves)), num=2)
        loss = risk(batch, y_pred)
        return loss + tf.cast(self.weight(step) * even * odd, loss.dtype)


def _derivative_by_scale(batch: Batch, logits: Any, risk: Risk) -> tf.Tensor:
    """The derivative of the loss by a factor of the logits, at 1; gradients flow through it."""
    with tf.GradientTape() as tape:
        scale = tf.ones(())
        tape.watch(scale)
        scaled = keras.tree.map_structure(
            lambda t: masked(t * tf.cast(scale, t.dtype), by=mask(t)), logits
        )
        loss = risk(batch, scaled)
    return tape.gradient(loss, scale)
