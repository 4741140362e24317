"""Strategies that need no more than the inner products of the domains' gradients."""

import dataclasses
from typing import ClassVar

import tensorflow as tf

from dg_keras.common.wide import wide
from dg_keras.strategies.gram_matrix import gram_matrix
from dg_keras.strategies.strategy import Strategy


@dataclasses.dataclass(frozen=True)
class GramStrategy(Strategy):
    """A strategy whose result is a weighted sum of the gradients, weighted by their Gram matrix.

    A subclass overrides `weights`. The gradients are passed over twice, variable by variable: once
    for the Gram matrix, once for the sum. As a weighted sum, it lets infinities and NaNs through.
    """

    carries_nonfinite: ClassVar[bool] = True

    def weights(self, gram: tf.Tensor, step: int | tf.Tensor) -> tf.Tensor:
        """The domains' weights; called while the training step is traced, or in each, eagerly.

        Args:
            gram: Inner products of the domains' gradients over all variables, float32 `[N, N]`;
                N is known. In mixed precision it holds the square of the loss scale; a positive
                multiple, where float32 does not hold the inner products themselves.
            step: The number of the training step, a scalar integer.

        Returns:
            A weight per domain, float32 `[N]`, unchanged when `gram` is multiplied by c > 0.
        """
        raise NotImplementedError(f"{type(self).__name__} must override `weights`.")

    def merge(self, gradients: list[list[tf.Tensor]], step: int | tf.Tensor) -> list[tf.Tensor]:
        """The sum of the gradients, weighted by `weights`."""
        return weighted_sum(self.weights(gram_matrix(gradients), step), gradients)


def weighted_sum(weights: tf.Tensor, gradients: list[list[tf.Tensor]]) -> list[tf.Tensor]:
    """The sum of some gradients, each times its weight of `[N]`."""
    weights = tf.unstack(weights, num=len(gradients))
    return [
        tf.add_n(
            [tf.cast(w, wide(g).dtype) * wide(g) for w, g in zip(weights, domains, strict=True)]
        )
        for domains in zip(*gradients, strict=True)
    ]
