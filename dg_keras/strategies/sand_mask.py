"""SAND-mask: the mean gradient, the more of it the more the domains agree."""

from typing import ClassVar

import tensorflow as tf

from dg_keras.common.check_between import check_between
from dg_keras.common.check_is_bool import check_is_bool
from dg_keras.common.configured import public
from dg_keras.common.wide import wide
from dg_keras.strategies.rescaled import rescaled
from dg_keras.strategies.strategy import Strategy
from dg_keras.strategies.totals import totals

_ROUNDING = 1e-12
"""Of equal gradients, the part of their mean square that their variance may seem to be."""


@public
class SandMask(Strategy):
    """SAND-mask of Shahtalebi et al., "SAND-mask" (2021).

    The mean of the domains' gradients times max(0, tanh(k (A - tau) / s)), where A is the magnitude
    of their signs' mean and s their variance over the domains. The paper's s has the square of the
    gradients' unit; here it is divided by its mean over the variable's components, so that loss
    scaling does not change which of them are kept.

    Args:
        tau: The agreement above which a component is kept, from 0 to 0.999: of four domains, three
            of one sign agree to 0.5.
        k: How steeply the mask rises above it, from 1e-6 to 1e6.
        rescale: As for `AndMask`.

    Examples:
        >>> dg_keras.strategies.SandMask(rescale=False)([[[4.0, -2.0]], [[4.0, 2.0]]])[0].numpy()
        array([4., 0.], dtype=float32)
    """

    tau: float = 0.5
    k: float = 10.0
    rescale: bool = True

    can_be_compiled: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_between("tau", self.tau, 0.0, 0.999)
        check_between("k", self.k, 1e-6, 1e6)
        check_is_bool("rescale", self.rescale)

    def merge(self, gradients: list[list[tf.Tensor]], step: int | tf.Tensor) -> list[tf.Tensor]:
        """Masks variable by variable."""
        return [
            self._masked([wide(g) for g in domains]) for domains in zip(*gradients, strict=True)
        ]

    def _masked(self, domains: list[tf.Tensor]) -> tf.Tensor:
        number = len(domains)
        # In parts of the largest component, whose squares are in range.
        largest = tf.reduce_max(tf.stack([tf.reduce_max(tf.abs(g)) for g in domains]))
        parts = [tf.math.divide_no_nan(g, largest) for g in domains]
        mean = tf.add_n(parts) / number
        variance = tf.add_n([(part - mean) ** 2 for part in parts]) / number
        is_rounding = variance < _ROUNDING * tf.add_n([part**2 for part in parts]) / number
        variance = tf.where(is_rounding, tf.zeros_like(variance), variance)
        (total,) = totals(lambda part: [part], variance)
        usual = total / tf.cast(tf.size(variance), variance.dtype)
        agreement = tf.abs(tf.add_n([tf.sign(part) for part in parts])) / number
        excess = agreement - self.tau
        # Where nothing differs in any component, or in this one, what agrees is kept as it is.
        steep = tf.where(variance > 0, usual / variance, tf.constant(float("inf"), variance.dtype))
        mask = tf.where(excess > 0, tf.tanh(self.k * excess * steep), tf.zeros_like(excess))
        masked = mask * mean * largest
        return rescaled(masked, mask) if self.rescale else masked
