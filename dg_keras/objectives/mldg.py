"""Meta-learning for domain generalization."""

from collections.abc import Sequence
from typing import Any, ClassVar

import tensorflow as tf

from dg_keras.common.configured import public
from dg_keras.common.wide import wide
from dg_keras.objectives._checks import check_positive
from dg_keras.objectives.objective import Objective
from dg_keras.objectives.pairing import cyclic_partners


@public
class MLDG(Objective):
    """Asks that a step for one domain be good for another, too.

    "Learning to generalize: meta-learning for domain generalization", Li et al. (2018), in first
    order: the domains are paired in a circle of random order; domain i's gradient is
    grad L_i(theta) + beta grad L_j(theta'), where theta' is one step of a fresh Adam on L_i. This
    is DomainBed's MLDG, with its pairs of 2021: each domain is once the first and once the second.

    `loss/<domain>` is L_i(theta).

    Args:
        beta: The weight of the gradient at theta'.
        learning_rate: Of the inner step; None for the optimizer's own.
        epsilon: Of the inner step's Adam, added where PyTorch adds it: after the correction of
            bias. Keras' Adam adds its own before, so that it counts some thirty times as much.
    """

    beta: float = 1.0
    learning_rate: float | None = None
    epsilon: float = 1e-8

    looks_ahead: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_positive("beta", self.beta, or_zero=True)
        if self.learning_rate is not None:
            check_positive("learning_rate", self.learning_rate)
        check_positive("epsilon", self.epsilon)

    def partners(self, domains: int, seed: tf.Tensor) -> tf.Tensor:
        """The next domain of each, in a circle of random order."""
        return cyclic_partners(domains, seed)

    def second_point(
        self, weights: Sequence[tf.Tensor], gradient: Sequence[tf.Tensor], learning_rate: Any
    ) -> tuple[list[tf.Tensor], float]:
        """One step of a fresh Adam."""
        rate = learning_rate if self.learning_rate is None else self.learning_rate
        # Adam's first step in closed form: its moments are (1 - beta_1) g and (1 - beta_2) g^2, and
        # the correction of their bias leaves g and g^2.
        # In float16 epsilon would be 0, and 0 by 0 no number.
        wide_gradient = [wide(g) for g in gradient]
        steps = [tf.cast(rate, g.dtype) * g / (tf.abs(g) + self.epsilon) for g in wide_gradient]
        stepped = [w - tf.cast(s, w.dtype) for w, s in zip(weights, steps, strict=True)]
        return stepped, self.beta
