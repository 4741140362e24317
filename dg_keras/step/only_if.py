"""Assignments that are made or not, as is known when the step is taken."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def only_if(go: tf.Tensor, assign: Callable[[], Any]) -> None:
    """Calls a function that assigns variables, if a condition holds.

    Args:
        go: The condition, a bool scalar.
        assign: The function. What it makes but variables' values is lost.
    """
    if tf.executing_eagerly():
        if go:
            assign()
        return

    def once(_: tf.Tensor) -> tf.Tensor:
        assign()
        return tf.constant(False)

    # XLA changes variables in place in a loop, and copies them for a condition.
    tf.while_loop(lambda due: due, once, [go])
