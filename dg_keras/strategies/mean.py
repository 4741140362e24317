"""Deep-All: the mean of the domains' gradients."""

from collections.abc import Callable
from typing import Any, ClassVar

import tensorflow as tf

from dg_keras.common.configured import public
from dg_keras.common.wide import wide
from dg_keras.strategies.fold_strategy import FoldStrategy


@public
class Mean(FoldStrategy):
    """Deep-All, the baseline of Mansilla et al. (2021): (1/N) sum_i g_i.

    Inside `DomainGeneralizer` it is plain Keras training on the interleaved batch, in one pass, but
    where domains differ in what a mean is taken of: trainable BatchNorm sees one domain at a time,
    and where masks or `ignore_class` leave domains unequally many positions, each domain counts the
    same.

    Examples:
        >>> dg_keras.strategies.Mean()([[[1.0, -2.0]], [[3.0, 2.0]]])[0].numpy()
        array([2., 0.], dtype=float32)
    """

    averages: ClassVar[bool] = True
    can_be_compiled: ClassVar[bool] = True
    carries_nonfinite: ClassVar[bool] = True
    keeps_finite: ClassVar[bool] = True

    def start(self, gradient: list[tf.Tensor]) -> Any:
        """The sum, and the number of domains in it."""
        return [wide(g) for g in gradient], tf.ones([], tf.int32)

    def add(self, state: Any, gradient: list[tf.Tensor]) -> Any:
        """The sum and number with one more domain."""
        total, count = state
        return [t + wide(g) for t, g in zip(total, gradient, strict=True)], count + 1

    def finish(self, state: Any, step: int | tf.Tensor) -> list[tf.Tensor]:
        """The sum divided by the number of domains."""
        total, count = state
        return [t / tf.cast(count, t.dtype) for t in total]

    def share(
        self, state: Any, all_sum: Callable[[Any], Any], groups: int, step: int | tf.Tensor
    ) -> list[tf.Tensor]:
        """This group's sum divided by the number of all domains."""
        total, count = state
        return self.finish((total, all_sum(tf.cast(count, tf.float32))), step)
