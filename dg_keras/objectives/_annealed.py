"""What objectives share whose penalty sets in late."""

import dataclasses
from typing import ClassVar

import tensorflow as tf

from dg_keras.common.is_whole import is_whole
from dg_keras.common.shortened import shortened
from dg_keras.objectives._checks import check_positive
from dg_keras.objectives.objective import Objective


@dataclasses.dataclass(frozen=True)
class Annealed(Objective):
    """Weighs a penalty by `weight_before` until `anneal_steps`, then by `penalty_weight`.

    At the change the optimizer starts anew, its moments and its count of steps.
    """

    penalty_weight: float = 100.0
    anneal_steps: int = 500

    weight_before: ClassVar[float] = 1.0

    def __post_init__(self) -> None:
        check_positive("penalty_weight", self.penalty_weight, or_zero=True)
        steps = self.anneal_steps
        if not is_whole(steps) or not 0 <= steps < 2**31:
            raise ValueError(
                "`anneal_steps` must be a whole number of at least 0 and below 2^31. "
                f"Received: anneal_steps={shortened(steps)}"
            )

    @property
    def restart_step(self) -> int | None:
        """The step of the change; None where there is none."""
        return self.anneal_steps or None

    def weight(self, step: tf.Tensor) -> tf.Tensor:
        """What the penalty is multiplied with in a step, a float32 scalar."""
        return tf.where(step < self.anneal_steps, self.weight_before, float(self.penalty_weight))
