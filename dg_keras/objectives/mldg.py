"""Meta-learning for domain generalization."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from dg_keras.objectives._checks import check_positive
from dg_keras.objectives.objective import Objective
from dg_keras.objectives.pairing import cyclic_partners

_BETA_2, _EPSILON = 0.999, 1e-7
"""The defaults of `keras.optimizers.Adam`; its beta_1 does not show in a first step."""


@keras.saving.register_keras_serializable(package="dg_keras")
@dataclasses.dataclass(frozen=True)
class MLDG(Objective):
    """Asks that a step for one domain be good for another, too.

    "Learning to generalize: meta-learning for domain generalization", Li et al. (2018), in first
    order: the domains are paired in a circle of random order; domain i's gradient is
    grad L_i(theta) + beta grad L_j(theta'), where theta' is one step of a fresh Adam on L_i.

    `loss/<domain>` is L_i(theta).

    Args:
        beta: The weight of the gradient at theta'.
        learning_rate: Of the inner step; None for the optimizer's own.
    """

    beta: float = 1.0
    learning_rate: float | None = None

    def __post_init__(self) -> None:
        check_positive("beta", self.beta, or_zero=True)
        if self.learning_rate is not None:
            check_positive("learning_rate", self.learning_rate)

    def loss(
        self, y: Any, y_pred: Any, sample_weight: Any, risk: Callable, step: tf.Tensor
    ) -> tf.Tensor:
        """The compiled loss, at either point."""
        return risk(y, y_pred, sample_weight)

    def partners(self, domains: int, seed: tf.Tensor) -> tf.Tensor:
        """The next domain of each, in a circle of random order."""
        return cyclic_partners(domains, seed)

    def second_point(
        self, weights: Sequence[tf.Tensor], gradient: Sequence[tf.Tensor], learning_rate: Any
    ) -> tuple[list[tf.Tensor], float]:
        """One step of a fresh Adam."""
        rate = learning_rate if self.learning_rate is None else self.learning_rate
        # Adam's first step in closed form: its moments are (1 - beta_1) g and (1 - beta_2) g^2, and
        # the correction of their bias leaves rate * g / (|g| + epsilon').
        epsilon = _EPSILON / math.sqrt(1 - _BETA_2)
        stepped = [
            w - tf.cast(rate, w.dtype) * g / (tf.abs(g) + epsilon)
            for w, g in zip(weights, gradient, strict=True)
        ]
        return stepped, self.beta
