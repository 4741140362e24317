"""GradVac: gradients that are as similar as they usually are."""

from typing import ClassVar

import numpy as np
import tensorflow as tf

from dg_keras.common.check_between import check_between
from dg_keras.common.configured import public
from dg_keras.strategies.gram_matrix import gram_matrix
from dg_keras.strategies.gram_strategy import weighted_sum
from dg_keras.strategies.random_order import random_order
from dg_keras.strategies.seeded import Seeded
from dg_keras.strategies.stateful_strategy import StatefulStrategy

_MOST = 1 - 1e-6
"""Of a cosine that is aimed at: gradients that are parallel can't be made so by a finite weight."""

_CANCELLED = 1e-3
"""The part of what is summed, in length, below which a sum is taken for 0."""


@public
class GradVac(Seeded, StatefulStrategy):
    """GradVac of Wang et al., "Gradient vaccine" (2021), algorithm 1, for the whole network.

    Each domain's gradient meets every other domain's original gradient, one after the other. Where
    their cosine is below what it has been on average, as much of the other is added as lifts it
    there (eq. 2); the results are summed. In the first step the average is 0: that is PCGrad.

    Args:
        seed: Seed of the order, which is drawn anew for each domain and each step; see `Seeded`.
        beta: What a step counts in the moving average of the cosines, from 0 to 1 (eq. 3).

    The state `similarity`, float32 `[N, N]`, is the average: of row i, what domain i met in others.
    """

    beta: float = 0.01

    can_be_compiled: ClassVar[bool] = True
    carries_nonfinite: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_between("beta", self.beta, 0.0, 1.0)

    def initial_state(self, domains: int) -> dict[str, np.ndarray]:
        """No similarity."""
        return {"similarity": np.zeros((domains, domains), "float32")}

    def merge_from(
        self, gradients: list[list[tf.Tensor]], step: int | tf.Tensor, state: dict[str, tf.Tensor]
    ) -> tuple[list[tf.Tensor], dict[str, tf.Tensor]]:
        """The sum of the lifted gradients, and the average with this step's cosines."""
        gram = tf.cast(gram_matrix(gradients), tf.float64)
        usual = tf.cast(state["similarity"], tf.float64)
        domains = len(gradients)
        norms = tf.sqrt(tf.linalg.diag_part(gram))
        lifted, met = tf.eye(domains, dtype=tf.float64), usual
        for others in tf.unstack(random_order(domains, self.key(step)), axis=1):
            inner = tf.reduce_sum(lifted * tf.gather(gram, others), axis=1)
            of_lifted = tf.sqrt(tf.nn.relu(tf.reduce_sum(lifted * (lifted @ gram), axis=1)))
            of_others = tf.gather(norms, others)
            # Of gradients that cancel, float32 leaves rounding, which has no direction.
            is_there = of_lifted > _CANCELLED * tf.linalg.matvec(tf.abs(lifted), norms)
            is_both = is_there & (of_others > 0)
            cosine = tf.math.divide_no_nan(inner, of_lifted * of_others)
            cosine = tf.where(is_both, tf.clip_by_value(cosine, -1.0, 1.0), tf.zeros_like(cosine))
            aim = tf.clip_by_value(tf.gather(usual, others, batch_dims=1), -_MOST, _MOST)
            part = aim * tf.sqrt(1 - cosine**2) / tf.sqrt(1 - aim**2) - cosine
            part *= tf.math.divide_no_nan(of_lifted, of_others)
            part = tf.where((cosine < aim) & is_both, part, tf.zeros_like(part))
            is_other = tf.one_hot(others, domains, dtype=tf.float64)
            lifted += part[:, None] * is_other
            met += is_other * (self.beta * (cosine[:, None] - usual))
        met = tf.where(tf.reduce_all(tf.math.is_finite(gram)), met, usual)
        weights = tf.cast(tf.reduce_sum(lifted, axis=0), tf.float32)
        return weighted_sum(weights, gradients), {"similarity": tf.cast(met, tf.float32)}
