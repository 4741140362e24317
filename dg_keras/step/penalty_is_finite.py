"""Whether the regularizers of the weights can be followed."""

from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from dg_keras.step.weight_penalty import weight_penalty
from dg_keras.strategies.strategy import all_finite

_FINITE_WHERE_THE_PENALTY_IS = (
    keras.regularizers.L1,
    keras.regularizers.L2,
    keras.regularizers.L1L2,
)


def penalty_is_finite(
    variables: Sequence[keras.Variable], scale: Callable[[tf.Tensor], tf.Tensor]
) -> tuple[tf.Tensor | None, tf.Tensor | bool]:
    """The regularizers' penalty on the weights, and whether it and its gradient are finite.

    Args:
        variables: The trainable weights.
        scale: As for `weight_penalty`.

    Returns:
        The penalty, or None where there is no regularizer, and a bool.
    """
    penalty, gradient = weight_penalty(variables, scale)
    if penalty is None:
        return None, True
    looked_at = [
        g
        for g, v in zip(gradient, variables, strict=True)
        if g is not None and not isinstance(v.regularizer, _FINITE_WHERE_THE_PENALTY_IS)
    ]
    finite = tf.math.is_finite(penalty)
    return penalty, finite & all_finite([looked_at]) if looked_at else finite
