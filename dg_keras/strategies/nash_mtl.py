"""Nash-MTL: what the domains would agree on if they bargained."""

from typing import ClassVar

import tensorflow as tf

from dg_keras.common.configured import public
from dg_keras.strategies.fair_grad import fair_weights
from dg_keras.strategies.gram_strategy import GramStrategy


@public
class NashMTL(GramStrategy):
    """Nash-MTL of Navon et al., "Multi-task learning as a bargaining game" (2022), claim 3.1.

    The weights w with G w = 1 / w, where G is the Gram matrix: Nash's solution of the bargaining
    over a direction, in which the product of the domains' gains is largest. The direction does not
    depend on the lengths of the gradients.

    The weights have the sum 1, for which see `FairGrad`, so that the shortest gradient rules the
    length; they are found in every step.

    Examples:
        >>> dg_keras.strategies.NashMTL()([[[4.0, 0.0]], [[0.0, 1.0]]])[0].numpy().round(3)
        array([0.8, 0.8], dtype=float32)
    """

    can_be_compiled: ClassVar[bool] = True

    def weights(self, gram: tf.Tensor, step: int | tf.Tensor) -> tf.Tensor:
        """The solution, found for gradients of length 1."""
        return fair_weights(gram, alpha=1.0)
