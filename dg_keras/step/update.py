"""The second half of a step: merge, penalty on the weights, optimizer."""

from functools import partial
from typing import Any

import keras
import tensorflow as tf

from dg_keras.common.forgotten_gradients import forgotten_gradients
from dg_keras.step.data_loss import scale
from dg_keras.step.moment import Moment
from dg_keras.step.parts import Parts
from dg_keras.step.sums import add
from dg_keras.step.way import Way
from dg_keras.step.weight_penalty import weight_penalty


class Update:
    """Merges the gradients, and applies what comes of it: one traced function, if it can be.

    Args:
        model: The model that is trained.
        way: What merges.
        parts: How the parts of the step are traced.
    """

    def __init__(self, model: keras.Model, way: Way, parts: Parts) -> None:
        self._model = model
        self._way = way
        self._apply = parts.part(self._applied, compiled=parts.compiles_update)
        self._merge_and_apply = parts.part(self._merged_and_applied, compiled=parts.compiles_update)

    def __call__(self, gradients: Any, moment: Moment) -> tf.Tensor | None:
        """Changes the weights; returns the regularizers' penalty on them, or None."""
        if self._way.merge_can_be_compiled:
            return self._merge_and_apply(gradients, moment)
        return self._apply(self._way.merge(gradients, moment))

    def _merged_and_applied(self, gradients: Any, moment: Moment) -> tf.Tensor | None:
        return self._applied(self._way.merge(gradients, moment))

    def _applied(self, gradient: list) -> tf.Tensor | None:
        variables = self._model.trainable_variables
        penalty, penalty_gradient = weight_penalty(variables, partial(scale, self._model))
        with forgotten_gradients():  # Keras' optimizers sum over replicas with a custom gradient
            self._model.optimizer.apply(add(gradient, penalty_gradient), variables)
        return penalty
