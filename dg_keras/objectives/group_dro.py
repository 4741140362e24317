"""Group distributionally robust optimization."""

from typing import ClassVar

import numpy as np
import tensorflow as tf

from dg_keras.common.configured import public
from dg_keras.objectives._checks import check_positive
from dg_keras.objectives.objective import Objective


@public
class GroupDRO(Objective):
    """Weighs the domains, and those with the larger losses ever more.

    "Distributionally robust neural networks for group shifts", Sagawa et al. (2020), Algorithm 1:
    q_i <- q_i exp(eta L_i), normalised to sum to 1; domain i's gradient is N q_i times that of
    L_i, so that with the strategy `mean` the update follows sum q_i L_i.

    Args:
        eta: How fast the weights follow the losses.

    The logged `loss` is what is minimised, sum q_i L_i; `loss/<domain>` is L_i.
    """

    eta: float = 0.01

    weighs: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_positive("eta", self.eta, or_zero=True)

    def initial_state(self, domains: int) -> dict[str, np.ndarray]:
        """All domains weigh alike."""
        return {"q": np.full(domains, 1 / domains, "float32")}

    def weigh(
        self, losses: tf.Tensor, state: dict[str, tf.Tensor], step: tf.Tensor
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Updates q, and weighs by it."""
        # The softmax of log q + eta L: the same, and never an overflow.
        q = tf.nn.softmax(tf.math.log(state["q"]) + self.eta * losses)
        # A loss that overflows must cost one skipped step, not all the weights.
        q = tf.where(tf.reduce_all(tf.math.is_finite(q)), q, state["q"])
        return q * losses.shape[0], {"q": q}
