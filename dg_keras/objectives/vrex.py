"""Variance risk extrapolation."""

from collections.abc import Sequence
from typing import ClassVar

import tensorflow as tf

from dg_keras.common.configured import public
from dg_keras.objectives._annealed import Annealed


@public
class VREx(Annealed):
    """Punishes how far the domains' losses are from each other.

    "Out-of-distribution generalization via risk extrapolation", Krueger et al. (2021), with means
    where the paper has sums: the mean of the domains' losses L_i plus beta times their variance
    over the domains. Domain i's gradient is 1 + 2 beta (L_i - mean L) times that of L_i.

    Until `anneal_steps` beta is 1; then it is `penalty_weight`, and the optimizer starts anew,
    its moments and its count of steps.

    Args:
        penalty_weight: Beta after the change.
        anneal_steps: The number of steps before the change. With `steps_per_execution` it must be a
            multiple of that.
    """

    penalty_weight: float = 10.0
    anneal_steps: int = 500

    weighs: ClassVar[bool] = True

    def weigh(
        self, losses: tf.Tensor, state: dict[str, tf.Tensor], step: tf.Tensor
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Weighs a domain by how far its loss is above the mean."""
        return 1 + 2 * self.weight(step) * (losses - tf.reduce_mean(losses)), state

    def total(self, losses: Sequence[tf.Tensor], weights: Sequence[tf.Tensor]) -> tf.Tensor:
        """The mean of the losses plus beta times their variance."""
        # Of which the derivative by each loss, its weight, has the variance's part twice.
        return super().total(losses, [(1 + weight) / 2 for weight in weights])
