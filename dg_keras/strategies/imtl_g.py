"""IMTL-G: a sum that is as long along one domain's gradient as along another's."""

from typing import ClassVar

import tensorflow as tf

from dg_keras.common.configured import public
from dg_keras.strategies.gram_strategy import GramStrategy
from dg_keras.strategies.spectral import decomposed
from dg_keras.strategies.unit_gram import unit_gram

_ROUNDED = 1e-6
"""What rounding the Gram matrix to float32 leaves of 0 at most."""

_LEAST = 1 / 256
"""Part of the weights' magnitudes that their sum must be, or gradients cancel."""


@public
class IMTLG(GramStrategy):
    """IMTL-G of Liu et al., "Towards impartial multi-task learning" (2021).

    The weights, of sum 1 and of either sign, for which the weighted sum has the same projection
    onto each domain's gradient: a negative one, where a sum of 1 asks for it. Where there are none,
    as of three gradients in a plane, they are those that come nearest in least squares. It is 0
    where gradients cancel, as opposite ones do: where the weights are more than 256 times their
    sum.

    Examples:
        >>> dg_keras.strategies.IMTLG()([[[4.0, 0.0]], [[0.0, 1.0]]])[0].numpy().round(3)
        array([0.8, 0.8], dtype=float32)
    """

    can_be_compiled: ClassVar[bool] = True

    def weights(self, gram: tf.Tensor, step: int | tf.Tensor) -> tf.Tensor:
        """What of gradients of length 1 makes a sum with equal projections, for their lengths."""
        cosines, lengths = unit_gram(gram)
        values, is_positive, vectors = decomposed(cosines)
        inverse = tf.where(is_positive, 1 / values, 0.0)
        ones = tf.reduce_sum(vectors, axis=0)
        # Of opposite gradients it is what rounding left of 0.
        ones = tf.where(tf.abs(ones) < _ROUNDED, tf.zeros_like(ones), ones)
        of_unit = tf.linalg.matvec(vectors, inverse * ones)
        weights = of_unit * tf.math.reciprocal_no_nan(lengths)
        total = tf.reduce_sum(weights)
        cancels = tf.abs(total) < _LEAST * tf.reduce_sum(tf.abs(weights))
        return tf.cast(
            tf.math.divide_no_nan(weights, tf.where(cancels, tf.zeros_like(total), total)),
            tf.float32,
        )
