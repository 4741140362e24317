"""The domains' mean losses."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

KEY = "loss/domains"
"""Of the means in a step's logs: names are put on outside, and each number of a step costs."""


class DomainLosses(keras.metrics.Metric):
    """The mean of each domain's loss over steps.

    Args:
        domains: The number of domains.
    """

    def __init__(self, domains: int) -> None:
        super().__init__()
        # The domains' sums, and the number of steps: each variable of a step costs, too.
        self.totals = self.add_variable((domains + 1,), "zeros", name="totals")

    def update_state(self, losses: Sequence[tf.Tensor]) -> None:
        """Takes a step's losses, one of each domain."""
        self.totals.assign_add(tf.stack([tf.cast(of, self.dtype) for of in (*losses, 1.0)]))

    def result(self) -> tf.Tensor:
        """The means, `[N]`."""
        totals = tf.convert_to_tensor(self.totals)
        return tf.math.divide_no_nan(totals[:-1], totals[-1])

    def logs(self) -> dict[str, tf.Tensor]:
        """The means, under one name."""
        return {KEY: self.result()}


class LossOfDomain:
    """One of the means, read when it is asked for.

    To take it out of the vector is an operation, which is a tenth of a small network's step; on an
    accelerator, to read it is to wait for the step.

    Args:
        losses: The means, `[N]`.
        place: The domain's number.
    """

    def __init__(self, losses: tf.Tensor, place: int) -> None:
        self._losses = losses
        self._place = place

    def __float__(self) -> float:
        return float(self._losses.numpy()[self._place])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(float(self), dtype or "float32")


def named_losses(logs: dict[str, Any], domains: Sequence[str]) -> dict[str, Any]:
    """A step's logs with the domains' losses by name, such as `loss/photo`, as Keras reads them.

    Args:
        logs: What the step returned; a user's own step may have left the losses out.
        domains: The domains' names.
    """
    losses = logs.get(KEY)
    if losses is None:
        return logs
    others = {key: value for key, value in logs.items() if key != KEY}
    return others | {f"loss/{name}": LossOfDomain(losses, i) for i, name in enumerate(domains)}
