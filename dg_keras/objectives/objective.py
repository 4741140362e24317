"""The base class of all objectives."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Objective:
    """Turns the domains' batches into one gradient a domain, of which the strategy makes one.

    A training step asks it, in this order, to `prepare` the batch, for the `loss` of each domain,
    for the weights of the domains' losses (`weigh`), and for a `second_point` at which more
    gradients are taken. A subclass overrides `loss`, and of the rest what it needs. It is a frozen
    dataclass: its fields are its configuration. What changes as training goes on is its state,
    which the model keeps and saves; what it draws at random depends on the seed it is handed.

    All methods are called while the training step is traced.
    """

    needs_logits: ClassVar[bool] = False
    """True where the loss must be taken of logits, not of probabilities."""

    @property
    def restart_step(self) -> int | None:
        """The step before which the optimizer starts anew, its moments and its count of steps."""
        return None

    def initial_state(self, domains: int) -> dict[str, np.ndarray]:
        """The state before the first step, by name, for so many domains."""
        return {}

    def prepare(
        self, x: Any, y: Any, sample_weight: Any, domains: int, seed: tf.Tensor
    ) -> tuple[Any, Any, Any]:
        """Changes a batch before the network sees it.

        Args:
            x: The network's inputs, `[B * N, ...]`: sample i is of domain i modulo N.
            y: Their targets, `[B * N, ...]`.
            sample_weight: Their weights, `[B * N]`, or None.
            domains: N, the number of domains.
            seed: The step's seed for random draws, int64 `[2]`; no other step has it, nor has any
                step of a run with another seed.

        Returns:
            What `x`, `y` and `sample_weight` shall be instead; any structure of `[B * N, ...]`.
        """
        return x, y, sample_weight

    def loss(
        self, y: Any, y_pred: Any, sample_weight: Any, risk: Callable, step: tf.Tensor
    ) -> tf.Tensor:
        """A domain's loss.

        Args:
            y: The domain's targets, `[B, ...]`, as `prepare` left them.
            y_pred: The network's predictions for them.
            sample_weight: Their weights, `[B]`, or None.
            risk: `risk(y, y_pred, sample_weight)` is the compiled loss, a scalar: the mean over the
                samples it is given, with what the layers add for this domain's data, without
                the regularizers of the weights.
            step: The number of training steps taken before, a scalar int64.

        Returns:
            A scalar.
        """
        raise NotImplementedError(f"{type(self).__name__} must override `loss`.")

    def weigh(
        self, losses: tf.Tensor, state: dict[str, tf.Tensor]
    ) -> tuple[tf.Tensor | None, dict[str, tf.Tensor]]:
        """Weighs the domains by how they fare.

        Args:
            losses: The domains' losses, float32 `[N]`; no gradient flows through them.
            state: The state by name, as the step before left it.

        Returns:
            What each domain's gradient is multiplied with, `[N]`, or None for all alike; and the
            new state.
        """
        return None, state

    def partners(self, domains: int, seed: tf.Tensor) -> tf.Tensor | None:
        """The domain that each domain takes another gradient of, at its `second_point`.

        Args:
            domains: N, the number of domains.
            seed: As for `prepare`.

        Returns:
            The domains' numbers, int32 `[N]`; None where there is no second point.
        """
        return None

    def second_point(
        self, weights: Sequence[tf.Tensor], gradient: Sequence[tf.Tensor], learning_rate: Any
    ) -> tuple[list[tf.Tensor], float]:
        """Where a domain takes its partner's gradient; called if `partners` are not None.

        Args:
            weights: The network's trainable weights.
            gradient: The domain's gradient at these weights, without a loss scale.
            learning_rate: The optimizer's.

        Returns:
            The weights of the second point, and what the gradient there is multiplied with before
            it is added to the first.
        """
        raise NotImplementedError(f"{type(self).__name__} must override `second_point`.")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The objective that `get_config` describes."""
        return cls(**config)
