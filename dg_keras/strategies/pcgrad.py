"""PCGrad: each gradient, less what conflicts with the others."""

import dataclasses
from typing import ClassVar

import keras
import tensorflow as tf

from dg_keras.strategies.gram_strategy import GramStrategy
from dg_keras.strategies.randomness import check_seed, integers, stateless_seed


@keras.saving.register_keras_serializable(package="dg_keras")
@dataclasses.dataclass(frozen=True)
class PCGrad(GramStrategy):
    """PCGrad of Yu et al. (2020), algorithm 1; eq. 5 of Mansilla et al. (2021).

    Each domain's gradient is projected, one after the other, onto the normal plane of every other
    domain's original gradient with which its inner product is negative; the results are summed.

    Args:
        seed: Seed of the order of the projections, an integer. The order is drawn anew for each
            domain and each step, and depends on the seed and the step alone.

    Example:
    >>> dg_keras.strategies.PCGrad()([[[1.0, 0.0]], [[-1.0, 1.0]]])[0].numpy()
    array([0.5, 1.5], dtype=float32)
    """

    seed: int = 0

    can_be_compiled: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_seed(self.seed)

    def weights(self, gram: tf.Tensor, step: int | tf.Tensor) -> tf.Tensor:
        """Sums the rows of the projected gradients, each written as a combination of all."""
        domains = gram.shape[0]
        squared_norms = tf.linalg.diag_part(gram)
        projected = tf.eye(domains)
        for others in tf.unstack(self._order(domains, step), axis=1):
            inner = tf.reduce_sum(projected * tf.gather(gram, others), axis=1)
            excess = tf.math.divide_no_nan(tf.minimum(inner, 0.0), tf.gather(squared_norms, others))
            projected -= excess[:, None] * tf.one_hot(others, domains)
        return tf.reduce_sum(projected, axis=0)

    def _order(self, domains: int, step: int | tf.Tensor) -> tf.Tensor:
        """For each domain the others in random order, int32 `[N, N - 1]`."""
        keys = integers([domains, domains], stateless_seed(self.seed, step))
        # With the largest key, a domain itself comes last in its own row.
        keys = tf.linalg.set_diag(keys, tf.fill([domains], tf.int32.max))
        # XLA makes a dynamic shape of `tf.argsort` and then inlines all of the step's random number
        # generators, dropout's among them, into what uses them, which draws several times.
        number = tf.range(domains)
        is_less = keys[:, :, None] < keys[:, None, :]
        is_earlier_equal = (keys[:, :, None] == keys[:, None, :]) & (number[:, None] < number)
        place = tf.reduce_sum(tf.cast(is_less | is_earlier_equal, tf.int32), axis=1)
        is_at_place = place[:, None, :] == number[None, :, None]
        return tf.argmax(is_at_place, axis=2, output_type=tf.int32)[:, :-1]
