"""Correlation alignment."""

import itertools
from collections.abc import Sequence

import tensorflow as tf

from dg_keras.common.configured import public
from dg_keras.objectives._checks import check_positive
from dg_keras.objectives._pairs import check_samples, mean_over_pairs
from dg_keras.objectives.feature_objective import FeatureObjective
from dg_keras.objectives.risk import Risk
from dg_keras.objectives.view import View


@public
class CORAL(FeatureObjective):
    """Punishes domains whose features differ in mean or covariance.

    "Deep CORAL: correlation alignment for deep domain adaptation", Sun & Saenko (2016), equation 1,
    between all pairs of domains and with their means too, as DomainBed has it: gamma times the mean
    over pairs of |m_i - m_j|^2 / D + |C_i - C_j|_F^2 / D^2, where m_i and C_i are mean and
    covariance (with B - 1) of domain i's D features.

    Args:
        weight: Gamma.
    """

    weight: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive("weight", self.weight, or_zero=True)

    def penalty(self, views: Sequence[View], risk: Risk, step: tf.Tensor) -> tf.Tensor:
        """The mean over pairs of domains, times gamma."""
        check_samples(views, self)
        means = [tf.reduce_mean(view.vectors, axis=0) for view in views]
        centered = [view.vectors - mean for view, mean in zip(views, means, strict=True)]
        inner = {
            pair: _inner_product(*(centered[i] for i in pair))
            for pair in itertools.combinations_with_replacement(range(len(views)), 2)
        }

        def distance(i: int, j: int) -> tf.Tensor:
            of_covariances = inner[i, i] + inner[j, j] - 2 * inner[i, j]
            return tf.reduce_mean(tf.square(means[i] - means[j])) + of_covariances

        return self.weight * mean_over_pairs(distance, len(views))


def _inner_product(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """<C_1, C_2> / D^2 of the covariances of centered features, which are not made: D is large."""
    # <X^T X, Y^T Y> = |X Y^T|^2.
    products = tf.matmul(first, second, transpose_b=True)
    scales = [tf.cast((tf.shape(t)[0] - 1) * tf.shape(t)[1], tf.float32) for t in (first, second)]
    return tf.reduce_sum(tf.square(products)) / (scales[0] * scales[1])
