"""The geometric mean of what the domains agree on."""

from typing import ClassVar

import tensorflow as tf

from dg_keras.common.configured import public
from dg_keras.common.wide import wide
from dg_keras.strategies.agr_sum import AgrSum
from dg_keras.strategies.strategy import Strategy


@public
class GeometricMean(Strategy):
    """The geometric mean of Parascandolo et al., "Learning explanations ..." (2021).

    In the components where all domains have one sign, the geometric mean of their magnitudes with
    that sign; 0 elsewhere. It is small where any domain's gradient is.

    Examples:
        >>> dg_keras.strategies.GeometricMean()([[[1.0, -2.0]], [[4.0, 2.0]]])[0].numpy()
        array([2., 0.], dtype=float32)
    """

    can_be_compiled: ClassVar[bool] = True
    keeps_finite: ClassVar[bool] = True

    def merge(self, gradients: list[list[tf.Tensor]], step: int | tf.Tensor) -> list[tf.Tensor]:
        """The magnitudes' mean, with the sign of what Agr-Sum keeps."""
        agreed = AgrSum().merge(gradients, step)
        return [
            tf.sign(kept) * _mean([tf.abs(wide(g)) for g in domains])
            for kept, domains in zip(agreed, zip(*gradients, strict=True), strict=True)
        ]


def _mean(magnitudes: list[tf.Tensor]) -> tf.Tensor:
    """The product of the roots, which is in range where the root of the product is not."""
    mean = magnitudes[0] ** (1 / len(magnitudes))
    for magnitude in magnitudes[1:]:
        mean *= magnitude ** (1 / len(magnitudes))
    return mean
