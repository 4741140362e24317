"""Clipping where several replicas take a step together."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from dg_keras.step.inner_optimizers import inner_optimizers
from dg_keras.step.replicas import share, sum_over_replicas


def alike_if_clipped(
    shares: list[tf.Tensor | None], optimizer: keras.optimizers.Optimizer
) -> list[tf.Tensor | None]:
    """A replica's share of a gradient: the same on all replicas, where the optimizer clips.

    An optimizer sums shares over the replicas after it clipped each by itself. Where it does not
    clip, they are returned as they are, and no sum is taken twice.

    Args:
        shares: This replica's share, None for variables without a gradient.
        optimizer: The optimizer, or what scales the loss around it.
    """
    if not any(_limits(optimizer)):
        return shares
    return [None if g is None else share(g) for g in sum_over_replicas(shares)]


def clipped_share(
    part: Sequence[tf.Tensor | None],
    optimizer: keras.optimizers.Optimizer,
    scale: Callable[[float], tf.Tensor],
) -> list[tf.Tensor | None]:
    """Clips a replica's share of a gradient as much as the optimizer would clip the whole.

    Keras' optimizers clip what they are given, and sum it over the replicas afterwards: of R
    replicas, each with an R-th of the gradient, R times as much as was allowed is let through. What
    is clipped here they leave as it is.

    Args:
        part: An R-th of the gradient, the same on all replicas, None for variables without one.
        optimizer: The optimizer, or what scales the loss around it.
        scale: Makes a replica's share of a loss, times the loss scale.
    """
    of_each, of_all, of_values = (scale(limit) if limit else None for limit in _limits(optimizer))
    present = [g for g in part if g is not None]
    if of_each is not None:
        present = [tf.clip_by_norm(g, tf.cast(of_each, g.dtype)) for g in present]
    elif of_all is not None:
        present, _ = tf.clip_by_global_norm(present, tf.cast(of_all, present[0].dtype))
    elif of_values is not None:
        present = [_between(g, tf.cast(of_values, g.dtype)) for g in present]
    remaining = iter(present)
    return [None if g is None else next(remaining) for g in part]


def _limits(optimizer: keras.optimizers.Optimizer) -> tuple[float | None, ...]:
    optimizer, *_ = inner_optimizers(optimizer)  # several are refused on several replicas
    names = ("clipnorm", "global_clipnorm", "clipvalue")
    return tuple(getattr(optimizer, name, None) for name in names)


def _between(gradient: tf.Tensor, limit: Any) -> tf.Tensor:
    """The gradient with components of no more than a limit; an infinity stays, to be seen."""
    clipped = tf.clip_by_value(gradient, -limit, limit)
    return tf.where(tf.math.is_finite(gradient), clipped, gradient)
