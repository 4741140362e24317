"""All domains at once, where the gradient of their mean loss is all that is needed."""

import keras
import tensorflow as tf

from dg_keras.objectives import Batch, Objective
from dg_keras.step.are_finite import are_finite
from dg_keras.step.batches import split
from dg_keras.step.bound import bound
from dg_keras.step.clipped_share import alike_if_clipped
from dg_keras.step.data_loss import data_loss, scale
from dg_keras.step.moment import Moment
from dg_keras.step.parts import Parts
from dg_keras.step.taken import Taken, mean


class OnePass:
    """One pass through the network and back for all domains: plain training.

    What layers add to the loss is known for the whole batch only, and is in every domain's loss.
    """

    merge_can_be_compiled = True

    keeps_finite = True

    def __init__(
        self, model: keras.Model, objective: Objective, domains: int, parts: Parts, watched: bool
    ) -> None:
        self._model = model
        self._compiled = parts.compiles_whole
        self._watched = watched
        self._objective = objective
        self._domains = domains

    def gradients(self, batch: Batch, moment: Moment) -> Taken:
        """The domains' losses, and the gradient of their mean."""
        model = self._model
        with tf.GradientTape() as tape:
            y_pred = model(batch.x, training=True)
            own = zip(split(batch, self._domains), split(y_pred, self._domains), strict=True)
            losses = [data_loss(model, self._objective, *of, moment.step) for of in own]
            total = mean(losses)
            scaled = scale(model, total)
        gradient = tape.gradient(scaled, model.trainable_variables)
        finite = None
        if self._watched:
            # One gradient, and so one answer for all domains.
            values = [g.values if isinstance(g, tf.IndexedSlices) else g for g in gradient]
            of_all = are_finite([values], [bound(values, self._compiled)])
            finite = tf.repeat(of_all, self._domains)
        return Taken(losses, total, y_pred, gradient, finite)

    def merge(self, gradients: list, moment: Moment) -> list:
        """The gradient, which is one already, as this replica's share of it."""
        return alike_if_clipped(gradients, self._model.optimizer)
