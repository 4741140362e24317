"""GradVac: gradients that are as similar as they usually are."""

from typing import ClassVar

import numpy as np
import tensorflow as tf

from dg_keras.common.configured import public
from dg_keras.strategies.checks import check_between
from dg_keras.strategies.gram_matrix import gram_matrix
from dg_keras.strategies.gram_strategy import weighted_sum
from dg_keras.strategies.random_order import random_order
from dg_keras.strategies.seeded import Seeded
from dg_keras.strategies.stateful_strategy import StatefulStrategy

_MOST = 1 - 1e-6
"""Of a cosine that is aimed at: gradients that are parallel can't be made so by a finite weight."""


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
        gram, usual = gram_matrix(gradients), state["similarity"]
        domains = len(gradients)
        norms = tf.sqrt(tf.linalg.diag_part(gram))
        lifted, met = tf.eye(domains), usual
        for others in tf.unstack(random_order(domains, self.key(step)), axis=1):
            inner = tf.reduce_sum(lifted * tf.gather(gram, others), axis=1)
            of_lifted = tf.sqrt(tf.nn.relu(tf.reduce_sum(lifted * (lifted @ gram), axis=1)))
            of_others = tf.gather(norms, others)
            cosine = tf.math.divide_no_nan(tf.math.divide_no_nan(inner, of_lifted), of_others)
            cosine = tf.clip_by_value(cosine, -1.0, 1.0)
            aim = tf.clip_by_value(tf.gather(usual, others, batch_dims=1), -_MOST, _MOST)
            part = aim * tf.sqrt(1 - cosine**2) / tf.sqrt(1 - aim**2) - cosine
            part *= tf.math.divide_no_nan(of_lifted, of_others)
            is_other = tf.one_hot(others, domains)
            is_both = (of_lifted > 0) & (of_others > 0)
            lifted += tf.where((cosine < aim) & is_both, part, 0.0)[:, None] * is_other
            met += is_other * (self.beta * (cosine[:, None] - usual))
        met = tf.where(tf.reduce_all(tf.math.is_finite(met)), met, usual)
        return weighted_sum(tf.reduce_sum(lifted, axis=0), gradients), {"similarity": met}
