"""Maximum mean discrepancy."""

from collections.abc import Sequence

import tensorflow as tf

from dg_keras.common.configured import public
from dg_keras.objectives._checks import check_positive
from dg_keras.objectives._pairs import mean_over_pairs
from dg_keras.objectives.feature_objective import FeatureObjective
from dg_keras.objectives.risk import Risk
from dg_keras.objectives.view import View

_WIDTHS = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)


@public
class MMD(FeatureObjective):
    """Punishes domains whose features are distributed otherwise.

    "Domain generalization with adversarial feature learning", Li et al. (2018), without the
    adversary, as DomainBed has it: gamma times the mean over pairs of domains of their squared
    maximum mean discrepancy, mean k(f, f') + mean k(g, g') - 2 mean k(f, g), with the kernel
    k(f, g) = sum_w exp(-w |f - g|^2) for w = 0.001, 0.01, ..., 1000.

    Args:
        weight: Gamma.
    """

    weight: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive("weight", self.weight, or_zero=True)

    def penalty(self, views: Sequence[View], risk: Risk, step: tf.Tensor) -> tf.Tensor:
        """The mean over pairs of domains, times gamma."""
        features = [view.vectors for view in views]
        within = [_mean_kernel(of_domain, of_domain) for of_domain in features]

        def discrepancy(i: int, j: int) -> tf.Tensor:
            return within[i] + within[j] - 2 * _mean_kernel(features[i], features[j])

        return self.weight * mean_over_pairs(discrepancy, len(views))


def _mean_kernel(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """The mean of the kernel over all pairs of samples."""
    products = tf.matmul(first, second, transpose_b=True)
    of_first, of_second = (tf.reduce_sum(tf.square(t), axis=1) for t in (first, second))
    # Rounding makes some of them negative, where the exponential has the steepest slope.
    distances = tf.maximum(of_first[:, None] + of_second[None] - 2 * products, 0.0)
    if first is second:  # nor is a sample's from itself rounded
        distances = tf.linalg.set_diag(distances, tf.zeros_like(distances[0]))
    return tf.add_n([tf.reduce_mean(tf.exp(-width * distances)) for width in _WIDTHS])
