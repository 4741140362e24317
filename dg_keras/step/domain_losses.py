"""The domains' mean losses."""

from collections.abc import Sequence

import keras
import tensorflow as tf


class DomainLosses(keras.metrics.Metric):
    """The mean of each domain's loss over steps, all in one vector: each variable of a step costs.

    Args:
        domains: The number of domains.
    """

    def __init__(self, domains: int) -> None:
        super().__init__()
        self.total = self.add_variable((domains,), "zeros", name="total")
        self.count = self.add_variable((), "zeros", name="count")

    def update_state(self, losses: Sequence[tf.Tensor]) -> None:
        """Takes a step's losses, one of each domain."""
        self.total.assign_add(tf.stack([tf.cast(loss, self.dtype) for loss in losses]))
        self.count.assign_add(1.0)

    def result(self) -> tf.Tensor:
        """The means, `[N]`."""
        return tf.math.divide_no_nan(
            tf.convert_to_tensor(self.total), tf.convert_to_tensor(self.count)
        )

    def logs(self) -> dict[str, tf.Tensor]:
        """The means by position, `loss/0` and so on."""
        return {f"loss/{i}": loss for i, loss in enumerate(tf.unstack(self.result()))}
