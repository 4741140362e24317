"""The mean loss of each domain, as it is."""

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from dg_keras.objectives.objective import Objective


@keras.saving.register_keras_serializable(package="dg_keras")
@dataclasses.dataclass(frozen=True)
class EmpiricalRisk(Objective):
    """Each domain's mean loss, as in eq. 1 of Mansilla et al. (2021)."""

    def loss(
        self, y: Any, y_pred: Any, sample_weight: Any, risk: Callable, step: tf.Tensor
    ) -> tf.Tensor:
        """The compiled loss."""
        return risk(y, y_pred, sample_weight)
