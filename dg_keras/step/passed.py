"""What the passes of all domains come to."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import tensorflow as tf


class Passed(NamedTuple):
    """The domains' losses, gradients and predictions, one after the other.

    Args:
        losses: Each domain's loss, a scalar each.
        gradients: Each domain's dense and scaled gradient, None for variables that have none.
        y_pred: The predictions for each domain.
        bounds: Each gradient's `bound`, or None if it is not watched.
        penalty: What is added to the mean of the losses, a scalar, or None.
    """

    losses: Sequence[tf.Tensor]
    gradients: Sequence[list]
    y_pred: Sequence[Any]
    bounds: Sequence[tf.Tensor | None]
    penalty: tf.Tensor | None = None
