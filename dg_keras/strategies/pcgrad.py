"""PCGrad: each gradient, less what conflicts with the others."""

from typing import ClassVar

import tensorflow as tf

from dg_keras.common.configured import public
from dg_keras.strategies.gram_strategy import GramStrategy
from dg_keras.strategies.random_order import random_order
from dg_keras.strategies.seeded import Seeded


@public
class PCGrad(Seeded, GramStrategy):
    """PCGrad of Yu et al. (2020), algorithm 1; eq. 5 of Mansilla et al. (2021).

    Each domain's gradient is projected, one after the other, onto the normal plane of every other
    domain's original gradient with which its inner product is negative; the results are summed.

    Args:
        seed: Seed of the order of the projections, which is drawn anew for each domain and each
            step; see `Seeded`.

    Examples:
        >>> dg_keras.strategies.PCGrad()([[[1.0, 0.0]], [[-1.0, 1.0]]])[0].numpy()
        array([0.5, 1.5], dtype=float32)
    """

    can_be_compiled: ClassVar[bool] = True

    def weights(self, gram: tf.Tensor, step: int | tf.Tensor) -> tf.Tensor:
        """Sums the rows of the projected gradients, each written as a combination of all."""
        domains = gram.shape[0]
        squared_norms = tf.linalg.diag_part(gram)
        projected = tf.eye(domains)
        for others in tf.unstack(random_order(domains, self.key(step)), axis=1):
            inner = tf.reduce_sum(projected * tf.gather(gram, others), axis=1)
            excess = tf.math.divide_no_nan(tf.minimum(inner, 0.0), tf.gather(squared_norms, others))
            projected -= excess[:, None] * tf.one_hot(others, domains)
        return tf.reduce_sum(projected, axis=0)
