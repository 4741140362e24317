"""What the first half of a step comes to."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import tensorflow as tf


class Taken(NamedTuple):
    """The domains' losses, predictions and gradients.

    Args:
        losses: Each domain's loss, a scalar each.
        total: What is minimised but for the weights' regularizers: the mean of the losses, weighed
            where the objective weighs, and with its penalty where it looks at features, a scalar.
        y_pred: The network's predictions, in the batch's own order.
        gradients: What the way that was chosen merges; for `Plan.update`.
        finite: Whether each domain's gradient is finite, a bool `[N]`; None where nobody asks.
    """

    losses: Sequence[tf.Tensor]
    total: tf.Tensor
    y_pred: Any
    gradients: Any
    finite: tf.Tensor | None = None


def mean(losses: Sequence[tf.Tensor]) -> tf.Tensor:
    """The mean of the domains' losses."""
    return tf.add_n(list(losses)) / len(losses)
