"""FairGrad: weights for which all domains gain alike, by some measure of fairness."""

from typing import ClassVar

import tensorflow as tf

from dg_keras.common.check_between import check_between
from dg_keras.common.configured import public
from dg_keras.strategies.gram_strategy import GramStrategy
from dg_keras.strategies.solved import solved
from dg_keras.strategies.unit_gram import unit_gram

_RIDGE = 1e-6
"""Added to the cosines' diagonal, so that there is a solution where gradients cancel, too."""

_STEPS = 60
"""Of Newton's method, at most; a dozen are usual."""

_EXACT = 1e-9
"""The relative error of the equations, or change of the weights, that ends it."""


@public
class FairGrad(GramStrategy):
    """FairGrad of Ban & Ji, "Fair resource allocation in multi-task learning" (2024).

    The weights w with G w = w^(-1 / alpha), where G is the Gram matrix: the direction in which the
    sum of the domains' gains, each by the measure of alpha-fairness, grows fastest. The larger
    alpha, the more the domain counts that gains least.

    The paper's direction has a length that does not depend on the gradients'. Here the weights have
    the sum 1, so that loss scaling, clipping and SGD mean what they mean elsewhere.

    Args:
        alpha: The fairness, from 0.1 to 10; 1 is `NashMTL`.

    Examples:
        >>> strategy = dg_keras.strategies.FairGrad(alpha=2.0)
        >>> strategy([[[8.0, 0.0]], [[0.0, 1.0]]])[0].numpy().round(3)
        array([0.471, 0.941], dtype=float32)
    """

    alpha: float = 2.0

    can_be_compiled: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_between("alpha", self.alpha, 0.1, 10.0)

    def weights(self, gram: tf.Tensor, step: int | tf.Tensor) -> tf.Tensor:
        """The solution, found for gradients of length 1."""
        return fair_weights(gram, self.alpha)


def fair_weights(gram: tf.Tensor, alpha: float) -> tf.Tensor:
    """The w of G w = w^(-1 / alpha), scaled to the sum 1: float32 `[N]`, 0 for no gradient."""
    cosines, lengths = unit_gram(gram)
    domains, is_there = gram.shape[0], lengths > 0
    lengths = tf.where(is_there, lengths, 1.0)
    matrix = cosines + tf.linalg.diag(tf.where(is_there, tf.constant(_RIDGE, tf.float64), 1.0))
    power = 1 / alpha
    # With w = x / length, what each domain's side of the equation is multiplied with.
    factors = lengths ** (power - 1)

    def gap(x: tf.Tensor) -> tf.Tensor:
        return tf.linalg.matvec(matrix, x) - factors * x**-power

    def is_far(number: tf.Tensor, x: tf.Tensor, moved: tf.Tensor) -> tf.Tensor:
        error = tf.reduce_max(tf.abs(gap(x)) / (factors * x**-power))
        return (number < _STEPS) & (error > _EXACT) & (moved > _EXACT)

    def newton(number: tf.Tensor, x: tf.Tensor, _: tf.Tensor) -> tuple[tf.Tensor, ...]:
        slopes = matrix + tf.linalg.diag(power * factors * x ** (-power - 1))
        change = solved(slopes, -gap(x)[:, None])[:, 0]
        # The equations are the slope of a convex function, which grows to infinity at 0.
        room = tf.reduce_max(-change / x)
        change *= tf.minimum(0.9 / tf.maximum(room, 0.9), 1.0)
        return number + 1, x + change, tf.reduce_max(tf.abs(change) / x)

    # Where no domain's gradient had to do with another's.
    start = factors ** (1 / (1 + power))
    begun = tf.constant(0), start / domains, tf.constant(1.0, tf.float64)
    _, x, _ = tf.while_loop(is_far, newton, begun)
    weights = tf.where(is_there, x / lengths, 0.0)
    return tf.cast(tf.math.divide_no_nan(weights, tf.reduce_sum(weights)), tf.float32)
