"""All domains at once, where the gradient of their mean loss is all that is needed."""

import keras
import tensorflow as tf

from dg_keras.objectives import Batch, FeatureObjective, Objective
from dg_keras.step.are_finite import are_finite
from dg_keras.step.batches import split
from dg_keras.step.bound import bound
from dg_keras.step.checks import has_trainable_batch_norm
from dg_keras.step.clipped_share import alike_if_clipped
from dg_keras.step.data_loss import data_loss, scale
from dg_keras.step.memory import Memory
from dg_keras.step.moment import Moment
from dg_keras.step.parts import Parts
from dg_keras.step.replicas import number_of_replicas
from dg_keras.step.taken import Taken, mean
from dg_keras.strategies import Strategy


def is_enough(
    model: keras.Model, net: keras.Model, strategy: Strategy, objective: Objective
) -> bool:
    """Whether the gradient of the domains' mean loss, weighed or not, is all that a step needs.

    Args:
        model: The compiled model.
        net: The network that it trains.
        strategy: What merges the domains' gradients.
        objective: What makes the domains' losses.
    """
    if not strategy.averages or objective.looks_ahead or has_trainable_batch_norm(model):
        return False
    if isinstance(objective, FeatureObjective):
        return False
    # What layers add is known of all domains together, and could not be weighed.
    return not objective.weighs or (number_of_replicas() == 1 and adds_no_loss(model, net))


def adds_no_loss(model: keras.Model, net: keras.Model) -> bool:
    """Whether nothing is known to add to the loss in passing; what is a user's own may."""
    layers = [model, *net._flatten_layers(include_self=True)]
    return all(
        type(layer).__module__.startswith(("keras.", "dg_keras."))
        and not isinstance(layer, keras.layers.ActivityRegularization)
        and getattr(layer, "activity_regularizer", None) is None
        for layer in layers
    )


class OnePass:
    """One pass through the network and back for all domains: plain training.

    What layers add to the loss is known for the whole batch only, and is in every domain's loss.
    """

    merge_can_be_compiled = True

    keeps_finite = True

    def __init__(
        self, model: keras.Model, objective: Objective, memory: Memory, parts: Parts, watched: bool
    ) -> None:
        self._model = model
        self._compiled = parts.compiles_whole
        self._watched = watched
        self._objective = objective
        self._memory = memory

    def gradients(self, batch: Batch, moment: Moment) -> Taken:
        """The domains' losses, and the gradient of their mean, weighed where they are."""
        model, domains = self._model, self._memory.domains
        weights: list[tf.Tensor] = []
        with tf.GradientTape() as tape:
            y_pred = model(batch.x, training=True)
            own = zip(split(batch, domains), split(y_pred, domains), strict=True)
            losses = [data_loss(model, self._objective, *of, moment.step) for of in own]
            total, minimised = mean(losses), losses
            if self._objective.weighs:
                weights = self._memory.weigh(tf.stack(losses), moment.step)
                total = self._objective.total(losses, weights)
                pairs = zip(losses, weights, strict=True)
                minimised = [loss * tf.cast(w, loss.dtype) for loss, w in pairs]
            scaled = scale(model, mean(minimised))
        gradient = tape.gradient(scaled, model.trainable_variables)
        finite = None
        if self._watched:
            # One gradient, and so one answer for all domains.
            values = [g.values if isinstance(g, tf.IndexedSlices) else g for g in gradient]
            of_all = are_finite([values], [bound(values, self._compiled)])
            finite = tf.repeat(of_all, domains)
            if weights:
                finite &= tf.math.is_finite(tf.stack(weights))
        return Taken(losses, total, y_pred, gradient, finite)

    def merge(self, gradients: list, moment: Moment) -> list:
        """The gradient, which is one already, as this replica's share of it."""
        return alike_if_clipped(gradients, self._model.optimizer)
