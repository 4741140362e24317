"""MGDA: the shortest of all averages of the domains' gradients."""

from typing import ClassVar

import tensorflow as tf

from dg_keras.common.configured import public
from dg_keras.strategies.faces import MOST, best, solved_on_faces
from dg_keras.strategies.gram_strategy import GramStrategy
from dg_keras.strategies.unit_gram import unit_gram


@public
class MGDA(GramStrategy):
    """MGDA of Désidéri (2012); as in Sener & Koltun (2018), eq. 3.

    The weights are those, non-negative and of sum 1, for which the weighted sum is shortest. It
    conflicts with no domain, and is 0 where no direction makes every domain better. A domain whose
    gradient is short rules it. For at most 10 domains.

    Examples:
        >>> dg_keras.strategies.MGDA()([[[1.0, 0.0]], [[0.0, 1.0]]])[0].numpy()
        array([0.5, 0.5], dtype=float32)
    """

    can_be_compiled: ClassVar[bool] = True
    most_domains: ClassVar[int | None] = MOST

    def weights(self, gram: tf.Tensor, step: int | tf.Tensor) -> tf.Tensor:
        """The weights of the shortest sum."""
        cosines, lengths = unit_gram(gram)
        # A gradient's weight, times its length, times what the shortest is long.
        shortest = tf.reduce_min(lengths)
        inverse = tf.where(lengths > shortest, tf.math.divide_no_nan(shortest, lengths), 1.0)
        # On a set, the shortest sum is that of the same weights for all inner products and a
        # constant more, which is a system that can be solved where the gradients' sum is 0, too.
        more = cosines + inverse[:, None] * inverse
        scaled = tf.nn.relu(solved_on_faces(more, inverse[:, None])[..., 0])
        sums = tf.reduce_sum(scaled * inverse, axis=1)
        squared_lengths = tf.reduce_sum(scaled * (scaled @ cosines), axis=1) / sums**2
        weights = scaled * inverse / sums[:, None]
        return tf.cast(best(weights, squared_lengths), tf.float32)
