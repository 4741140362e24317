"""The mean loss of each domain, as it is."""

from typing import Any

import tensorflow as tf

from dg_keras.common.configured import public
from dg_keras.objectives.batch import Batch
from dg_keras.objectives.objective import Objective
from dg_keras.objectives.risk import Risk


@public
class EmpiricalRisk(Objective):
    """Each domain's mean loss, as in eq. 1 of Mansilla et al. (2021)."""

    def loss(self, batch: Batch, y_pred: Any, risk: Risk, step: tf.Tensor) -> tf.Tensor:
        """The compiled loss."""
        return risk(batch, y_pred)
