"""Aligned-MTL: the mean of gradients that are made orthogonal, and of one length."""

from typing import ClassVar

import tensorflow as tf

from dg_keras.common.configured import public
from dg_keras.strategies.gram_strategy import GramStrategy
from dg_keras.strategies.spectral import decomposed


@public
class AlignedMTL(GramStrategy):
    """Aligned-MTL of Senushkin et al., "Independent component alignment" (2023), algorithm 1.

    The domains' gradients are replaced by the nearest that are orthogonal and as long as the
    shortest of their principal components, and averaged. A component is left out, and the next one
    is the shortest, where its square is below N times 1.2e-7 of the longest's: of gradients whose
    lengths differ a thousandfold, or that are nearly the same, float32 does not tell.

    Examples:
        >>> dg_keras.strategies.AlignedMTL()([[[4.0, 0.0]], [[0.0, 1.0]]])[0].numpy().round(3)
        array([0.5, 0.5], dtype=float32)
    """

    can_be_compiled: ClassVar[bool] = True

    def weights(self, gram: tf.Tensor, step: int | tf.Tensor) -> tf.Tensor:
        """The mean's weights, by the inverse root of the Gram matrix."""
        values, is_positive, vectors = decomposed(gram)
        smallest = tf.reduce_min(tf.where(is_positive, values, tf.reduce_max(values)))
        stretch = tf.where(is_positive, tf.sqrt(smallest / values), 0.0)
        mean = tf.reduce_mean(vectors, axis=0)
        return tf.cast(tf.linalg.matvec(vectors, stretch * mean), tf.float32)
