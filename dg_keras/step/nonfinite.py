"""What is done where a step meets an infinity or NaN."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from dg_keras.step.inner_optimizers import inner_optimizers
from dg_keras.step.replicas import number_of_replicas

_BAD = 1e308
"""Stands for an infinity or NaN: one in the graph would be found by `tf.debugging`."""

Policy = Literal["raise", "skip", "ignore"]


class Fault(NamedTuple):
    """The first step that could not be taken.

    Args:
        step: How many steps were taken before.
        losses: Each domain's loss, float64 `[N]`.
        gradients: Whether each domain's gradient was finite, a bool `[N]`.
        merged: Whether what finite gradients and the weights' regularizers came to was finite.
        learning_rate: The optimizer's; of several, their sum.
    """

    step: int
    losses: np.ndarray
    gradients: np.ndarray
    merged: bool
    learning_rate: float


class Nonfinite:
    """Decides on the device whether a step is taken, and remembers the first that was not.

    What it decides by is a handful of numbers, the facts: the domains' losses, the learning rate,
    and 0 or a number that is no loss for what else is finite or not. It is summed over replicas as
    it is.

    Args:
        policy: Of "raise", no step is taken from the first bad one on; of "skip", no bad step is.
        domains: The number of domains.
    """

    def __init__(self, policy: Policy, domains: int) -> None:
        self.policy = policy
        self._sizes = [domains, domains, 1, 1]
        # The first bad step, negative if there was none, and its facts: each variable of a step
        # costs.
        self._first = keras.Variable(
            np.array([-1.0, *[0.0] * sum(self._sizes)]),
            dtype="float64",
            trainable=False,
            aggregation="only_first_replica",
            name="first_fault",
        )

    def facts(
        self,
        model: keras.Model,
        losses: Sequence[tf.Tensor],
        finite: tf.Tensor,
        merged: tf.Tensor | bool,
    ) -> tf.Tensor:
        """What this replica knows of a step, float64.

        Args:
            model: The model that is trained.
            losses: Each domain's.
            finite: Whether each domain's gradient is.
            merged: Whether what was made of them is.
        """
        optimizer, replicas = model.optimizer, number_of_replicas()
        if hasattr(optimizer, "dynamic_scale"):
            # Gradients that a scale of the loss took out of range are its own to find a scale for.
            is_scaled = tf.convert_to_tensor(optimizer.dynamic_scale) > 1.0
            finite, merged = finite | is_scaled, merged | is_scaled
        rates = [inner.learning_rate for inner in inner_optimizers(optimizer)]
        numbers = [
            *losses,
            rates[0] if len(rates) == 1 else tf.add_n([tf.cast(r, tf.float32) for r in rates]),
        ]
        *means, rate = [tf.cast(number, tf.float64) / replicas for number in numbers]
        checks = tf.concat([finite, tf.reshape(merged, [1])], axis=0)
        marks = tf.where(checks, tf.zeros([], tf.float64), tf.constant(_BAD, tf.float64))
        return tf.concat([tf.stack(means), marks, tf.reshape(rate, [1])], axis=0)

    def decide(self, facts: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        """Whether the step is to be taken, a bool scalar; a first bad one is remembered."""
        is_good = tf.reduce_all(tf.abs(facts) < _BAD)
        if self.policy == "skip":
            return is_good
        first = tf.convert_to_tensor(self._first)
        is_none = first[0] < 0
        now = tf.concat([tf.reshape(tf.cast(step, tf.float64), [1]), facts], axis=0)
        self._first.assign(tf.where(is_none & ~is_good, now, first))
        return is_none & is_good

    @property
    def first(self) -> tf.Tensor:
        """The first bad step, a float64 scalar, negative if there was none."""
        return tf.convert_to_tensor(self._first)[0]

    def fault(self) -> Fault:
        """The first bad step, which is forgotten."""
        step, *facts = self._first.numpy()
        self._first.assign([-1.0, *facts])
        losses, gradients, merged, rate = np.split(np.array(facts), np.cumsum(self._sizes)[:-1])
        return Fault(int(step), losses, gradients < _BAD, bool(merged[0] < _BAD), float(rate[0]))
