"""Clipping where several replicas take a step together."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf


def clips(optimizer: keras.optimizers.Optimizer) -> bool:
    """Whether an optimizer clips gradients."""
    return any(_limits(optimizer))


def clipped_share(
    share: Sequence[tf.Tensor | None],
    optimizer: keras.optimizers.Optimizer,
    scale: Callable[[float], tf.Tensor],
) -> list[tf.Tensor | None]:
    """Clips a replica's share of a gradient as much as the optimizer would clip the whole.

    Keras' optimizers clip what they are given, and sum it over the replicas afterwards: of R
    replicas, each with an R-th of the gradient, R times as much as was allowed is let through. What
    is clipped here they leave as it is.

    Args:
        share: An R-th of the gradient, the same on all replicas, None for variables without one.
        optimizer: The optimizer, or what scales the loss around it.
        scale: Makes a replica's share of a loss, times the loss scale.
    """
    of_each, of_all, of_values = (scale(limit) if limit else None for limit in _limits(optimizer))
    present = [g for g in share if g is not None]
    if of_each is not None:
        present = [tf.clip_by_norm(g, tf.cast(of_each, g.dtype)) for g in present]
    elif of_all is not None:
        present, _ = tf.clip_by_global_norm(present, tf.cast(of_all, present[0].dtype))
    elif of_values is not None:
        present = [_between(g, tf.cast(of_values, g.dtype)) for g in present]
    remaining = iter(present)
    return [None if g is None else next(remaining) for g in share]


def _limits(optimizer: keras.optimizers.Optimizer) -> tuple[float | None, ...]:
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    names = ("clipnorm", "global_clipnorm", "clipvalue")
    return tuple(getattr(optimizer, name, None) for name in names)


def _between(gradient: tf.Tensor, limit: Any) -> tf.Tensor:
    """The gradient with components of no more than a limit; an infinity stays, to be seen."""
    clipped = tf.clip_by_value(gradient, -limit, limit)
    return tf.where(tf.math.is_finite(gradient), clipped, gradient)
