"""The base class of all objectives."""

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from dg_keras.common.configured import Configured
from dg_keras.objectives.batch import Batch
from dg_keras.objectives.risk import Risk


@dataclasses.dataclass(frozen=True)
class Objective(Configured):
    """Turns the domains' batches into one gradient per domain, of which the strategy makes one.

    A training step asks it, in this order, to `prepare` the batch, for the `loss` of each domain,
    for a `second_point` at which more gradients are taken, and for the weights of the domains'
    losses (`weigh`). A subclass overrides what it needs of these. It is a frozen dataclass: its
    fields are its configuration. What changes as training goes on is its state, which the model
    keeps and saves; what it draws at random depends on the seed it is handed.

    All methods are called while the training step is traced.
    """

    needs_logits: ClassVar[bool] = False
    """True where the loss must be taken of logits, not of probabilities."""

    weighs: ClassVar[bool] = False
    """True where the domains are weighed by their losses: `weigh` is part of every step."""

    looks_ahead: ClassVar[bool] = False
    """True where gradients are taken at second points too: `partners` and `second_point` are
    part of every step."""

    @property
    def needs_all_domains(self) -> bool:
        """Whether a domain's gradient depends on the others."""
        return self.weighs or self.looks_ahead

    @property
    def restart_step(self) -> int | None:
        """The step before which the optimizer starts anew, its moments and its count of steps."""
        return None

    def initial_state(self, domains: int) -> dict[str, np.ndarray]:
        """The state before the first step, by name, for so many domains."""
        return {}

    def check(self, net: keras.Model) -> None:
        """Raises ValueError if the network can't be trained so; called before training begins."""

    def prepare(self, batch: Batch, domains: int, seed: tf.Tensor) -> Batch:
        """Changes a batch before the network sees it.

        Args:
            batch: Samples of all domains, `[B * N, ...]`: sample i is of domain i modulo N.
            domains: N, the number of domains.
            seed: The step's seed for random draws, int64 `[2]`; no other step has it, nor has any
                step of a run with another seed.

        Returns:
            The batch that is trained on instead; any structure of `[B * N, ...]`.
        """
        return batch

    def loss(self, batch: Batch, y_pred: Any, risk: Risk, step: tf.Tensor) -> tf.Tensor:
        """A domain's loss; the compiled one, unless it is overridden.

        Args:
            batch: The domain's samples, `[B, ...]`, as `prepare` left them.
            y_pred: The network's predictions for them.
            risk: The compiled loss; see `Risk`.
            step: The number of training steps taken before, a scalar int64.

        Returns:
            A scalar.
        """
        return risk(batch, y_pred)

    def weigh(
        self, losses: tf.Tensor, state: dict[str, tf.Tensor], step: tf.Tensor
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Weighs the domains by how they fare; called if the objective `weighs`.

        Args:
            losses: The domains' losses, float32 `[N]`; no gradient flows through them.
            state: The state by name, as the step before left it.
            step: The number of training steps taken before, a scalar int64.

        Returns:
            What each domain's loss, and so its gradient, is multiplied with, `[N]`, and the new
            state, of the same names, shapes and dtypes. It is put back to the state before where
            the step is not taken.
        """
        raise NotImplementedError(f"{type(self).__name__} must override `weigh`.")

    def total(self, losses: Sequence[tf.Tensor], weights: Sequence[tf.Tensor]) -> tf.Tensor:
        """What is logged as `loss`, a scalar; called if the objective `weighs`.

        Args:
            losses: The domains' losses.
            weights: What `weigh` returned.
        """
        pairs = zip(losses, weights, strict=True)
        return tf.add_n([loss * tf.cast(w, loss.dtype) for loss, w in pairs]) / len(losses)

    def partners(self, domains: int, seed: tf.Tensor) -> tf.Tensor:
        """The domain that each domain takes another gradient of; called if it `looks_ahead`.

        Args:
            domains: N, the number of domains.
            seed: As for `prepare`.

        Returns:
            The domains' numbers, int32 `[N]`.
        """
        raise NotImplementedError(f"{type(self).__name__} must override `partners`.")

    def second_point(
        self, weights: Sequence[tf.Tensor], gradient: Sequence[tf.Tensor], learning_rate: Any
    ) -> tuple[list[tf.Tensor], float]:
        """Where a domain takes its partner's gradient; called if it `looks_ahead`.

        Args:
            weights: The network's trainable weights.
            gradient: The domain's gradient at these weights, without a loss scale.
            learning_rate: The optimizer's.

        Returns:
            The weights of the second point, and what the gradient there is multiplied with before
            it is added to the first.
        """
        raise NotImplementedError(f"{type(self).__name__} must override `second_point`.")
