"""CAGrad: near the mean gradient, and as good as can be for the domain that fares worst."""

from typing import ClassVar

import tensorflow as tf

from dg_keras.common.check_between import check_between
from dg_keras.common.configured import public
from dg_keras.strategies.faces import MOST, best, solved_on_faces
from dg_keras.strategies.gram_strategy import GramStrategy
from dg_keras.strategies.unit_gram import unit_gram

_RIDGE = 1e-5
"""Added to the cosines' diagonal, so that there is a best direction where gradients cancel, too."""


@public
class CAGrad(GramStrategy):
    """CAGrad of Liu et al., "Conflict-averse gradient descent for multi-task learning" (2021).

    Of all directions d with |d - g_0| <= c |g_0|, where g_0 is the mean of the domains' gradients,
    the one for which the least of the <d, g_i> is largest, by its dual. It is up to
    1 + c times as long as the mean. For at most 10 domains.

    Args:
        c: How far from the mean, as a part of its length, from 0 to 1.

    Examples:
        >>> dg_keras.strategies.CAGrad(c=0.5)([[[4.0, 0.0]], [[0.0, 2.0]]])[0].numpy().round(3)
        array([2.   , 2.118], dtype=float32)
    """

    c: float = 0.5

    can_be_compiled: ClassVar[bool] = True
    most_domains: ClassVar[int | None] = MOST

    def __post_init__(self) -> None:
        check_between("c", self.c, 0.0, 1.0)

    def weights(self, gram: tf.Tensor, step: int | tf.Tensor) -> tf.Tensor:
        """The mean's weights, and as much of those of the dual's solution as is allowed."""
        domains = gram.shape[0]
        cosines, lengths = unit_gram(gram)
        inverse = tf.math.reciprocal_no_nan(lengths)
        with_mean = tf.linalg.matvec(cosines, lengths) / domains  # of gradients of length 1
        # Of a mean that vanishes, rounding may leave a square below 0.
        radius = self.c * tf.sqrt(tf.nn.relu(tf.reduce_sum(lengths * with_mean) / domains))
        ridged = cosines + _RIDGE * tf.eye(domains, dtype=tf.float64)

        # Where the weights w of a set minimise <g_w, g_0> + radius |g_w| among those of sum 1, w is
        # a multiple of `factor * of_ones - of_mean`, with the factor for which the lengths fit.
        right = tf.stack([inverse, with_mean], axis=1)
        of_ones, of_mean = tf.unstack(solved_on_faces(ridged, right), axis=-1)
        ones_ones = tf.reduce_sum(of_ones * inverse, axis=1)
        ones_mean = tf.reduce_sum(of_mean * inverse, axis=1)
        mean_mean = tf.reduce_sum(of_mean * with_mean, axis=1)
        root = tf.sqrt(tf.nn.relu(ones_mean**2 - ones_ones * (mean_mean - radius**2)))
        factor = tf.math.divide_no_nan(ones_mean + root, ones_ones)
        weights = tf.nn.relu(factor[:, None] * of_ones - of_mean) * inverse
        weights = tf.math.divide_no_nan(weights, tf.reduce_sum(weights, axis=1, keepdims=True))
        weights = tf.concat([weights, tf.eye(domains, dtype=tf.float64)], axis=0)

        scaled = weights * lengths
        ridged_lengths = tf.sqrt(tf.reduce_sum(scaled * (scaled @ ridged), axis=1))
        is_one = tf.abs(tf.reduce_sum(weights, axis=1) - 1) < 0.5
        along_mean = tf.linalg.matvec(weights, lengths * with_mean)
        values = along_mean + radius * ridged_lengths
        chosen = best(weights, tf.where(is_one, values, tf.constant(float("inf"), tf.float64)))
        # As long as it may be; where next to nothing is left of it, no more than the ridge lets.
        scaled = chosen * lengths
        squared = tf.reduce_sum(scaled * tf.linalg.matvec(cosines, scaled))
        squared = tf.maximum(squared, _RIDGE * tf.reduce_sum(scaled**2))
        added = tf.math.divide_no_nan(radius, tf.sqrt(squared))
        return tf.cast(1 / domains + added * chosen, tf.float32)
