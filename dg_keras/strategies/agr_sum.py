"""Agr-Sum: only what the domains agree on."""

from collections.abc import Callable
from typing import Any, ClassVar

import tensorflow as tf

from dg_keras.common.configured import public
from dg_keras.strategies.agreement import CONFLICT, Agreement, replace


@public
class AgrSum(Agreement):
    """Agr-Sum of Mansilla et al. (2021), eq. 2 and 3.

    The sum of the domains' gradients in the components where all have the same sign, 0 elsewhere.
    Zero in one domain and not in another is a conflict. It sums: without an optimizer that
    normalizes (under SGD, or when gradients are clipped) it is N times as long as a mean. A weight
    whose component is 0 can still move by the optimizer's momentum or by weight decay.

    Examples:
        >>> dg_keras.strategies.AgrSum()([[[1.0, -2.0]], [[3.0, 2.0]]])[0].numpy()
        array([4., 0.], dtype=float32)
    """

    can_be_compiled: ClassVar[bool] = True
    carries_nonfinite: ClassVar[bool] = True
    keeps_finite: ClassVar[bool] = True

    def finish(self, state: Any, step: int | tf.Tensor) -> list[tf.Tensor]:
        """The sum where there is agreement, 0 where there is conflict."""
        return [replace(sign == CONFLICT, total, tf.zeros_like(total)) for total, sign in state]

    def share(
        self, state: Any, all_sum: Callable[[Any], Any], groups: int, step: int | tf.Tensor
    ) -> list[tf.Tensor]:
        """This group's sum where all domains agree."""
        return self.finish(self._of_all(state, all_sum, groups), step)
