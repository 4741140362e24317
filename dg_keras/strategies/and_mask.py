"""AND-mask: the mean gradient, where enough of the domains have one sign."""

from collections.abc import Callable
from typing import Any, ClassVar

import tensorflow as tf

from dg_keras.common.check_between import check_between
from dg_keras.common.check_is_bool import check_is_bool
from dg_keras.common.configured import public
from dg_keras.common.wide import wide
from dg_keras.strategies.agreement import replace
from dg_keras.strategies.fold_strategy import FoldStrategy
from dg_keras.strategies.rescaled import rescaled


@public
class AndMask(FoldStrategy):
    """AND-mask of Parascandolo et al., "Learning explanations that are hard to vary" (2021).

    The mean of the domains' gradients in the components where the magnitude of their signs' mean is
    at least tau, 0 elsewhere. With tau = 1 it is Agr-Sum but for each variable's length.

    Args:
        tau: From 0, for the mean, to 1, for components in which no sign differs.
        rescale: Whether each variable's gradient is divided by the part of its components that are
            kept, as in the authors' code.

    Examples:
        >>> dg_keras.strategies.AndMask()([[[1.0, -2.0]], [[3.0, 2.0]]])[0].numpy()
        array([4., 0.], dtype=float32)
    """

    tau: float = 1.0
    rescale: bool = True

    can_be_compiled: ClassVar[bool] = True
    carries_nonfinite: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_between("tau", self.tau, 0.0, 1.0)
        check_is_bool("rescale", self.rescale)

    def start(self, gradient: list[tf.Tensor]) -> Any:
        """The sums of gradients and signs, and the number of domains in them."""
        return [(wide(g), _sign(g)) for g in gradient], tf.ones([], tf.int32)

    def add(self, state: Any, gradient: list[tf.Tensor]) -> Any:
        """The sums with one more domain."""
        sums, number = state
        added = [
            (total + wide(g), signs + _sign(g))
            for (total, signs), g in zip(sums, gradient, strict=True)
        ]
        return added, number + 1

    def finish(self, state: Any, step: int | tf.Tensor) -> list[tf.Tensor]:
        """The mean where the signs agree."""
        sums, number = state
        return [self._masked(total, signs, number) for total, signs in sums]

    def share(
        self, state: Any, all_sum: Callable[[Any], Any], groups: int, step: int | tf.Tensor
    ) -> list[tf.Tensor]:
        """This group's sum, by the number of all domains, where the signs of all agree."""
        sums, number = state
        of_all, signs = all_sum(
            (tf.cast(number, tf.float32), [tf.cast(signs, tf.float32) for _, signs in sums])
        )
        return [self._masked(total, s, of_all) for (total, _), s in zip(sums, signs, strict=True)]

    def _masked(self, total: tf.Tensor, signs: tf.Tensor, number: tf.Tensor) -> tf.Tensor:
        mean_sign = tf.cast(tf.abs(signs), tf.float32) / tf.cast(number, tf.float32)
        # A third of three is not a third in float32.
        agrees = mean_sign > self.tau - 1e-6
        masked = replace(~agrees, total, tf.zeros_like(total)) / tf.cast(number, total.dtype)
        return rescaled(masked, tf.cast(agrees, tf.float32)) if self.rescale else masked


def _sign(gradient: tf.Tensor) -> tf.Tensor:
    return tf.cast(gradient > 0, tf.int16) - tf.cast(gradient < 0, tf.int16)
