"""Strategies that need no more than the inner products of the domains' gradients."""

import dataclasses
from typing import ClassVar

import tensorflow as tf

from dg_keras.strategies.strategy import Strategy
from dg_keras.strategies.totals import totals
from dg_keras.strategies.wide import wide


@dataclasses.dataclass(frozen=True)
class GramStrategy(Strategy):
    """A strategy whose result is a weighted sum of the gradients, weighted by their Gram matrix.

    A subclass overrides `weights`. The gradients are passed over twice, variable by variable: once
    for the Gram matrix, once for the sum. As a weighted sum, it lets infinities and NaNs through.
    """

    carries_nonfinite: ClassVar[bool] = True

    def weights(self, gram: tf.Tensor, step: int | tf.Tensor) -> tf.Tensor:
        """The domains' weights; called once per training step, while it is traced.

        Args:
            gram: Inner products of the domains' gradients over all variables, float32 `[N, N]`;
                N is known. In mixed precision it holds the square of the loss scale.
            step: The number of the training step, a scalar integer.

        Returns:
            A weight per domain, float32 `[N]`, unchanged when `gram` is multiplied by c > 0.
        """
        raise NotImplementedError(f"{type(self).__name__} must override `weights`.")

    def merge(self, gradients: list[list[tf.Tensor]], step: int | tf.Tensor) -> list[tf.Tensor]:
        """The sum of the gradients, weighted by `weights`."""
        weights = tf.unstack(self.weights(_gram(gradients), step), num=len(gradients))
        return [
            tf.add_n(
                [tf.cast(w, wide(g).dtype) * wide(g) for w, g in zip(weights, domains, strict=True)]
            )
            for domains in zip(*gradients, strict=True)
        ]


def _gram(gradients: list[list[tf.Tensor]]) -> tf.Tensor:
    """Inner products over all variables, float32 `[N, N]`."""
    domains = range(len(gradients))
    pairs = [(i, j) for i in domains for j in range(i + 1)]

    def products(*gradient: tf.Tensor) -> list[tf.Tensor]:
        g = [tf.cast(t, tf.float32) for t in gradient]
        return [g[i] * g[j] for i, j in pairs]

    # Not as a matrix product, for which the gradients would be stacked, and so copied.
    by_variable = [totals(products, *of_domains) for of_domains in zip(*gradients, strict=True)]
    sums = [tf.add_n(list(of_pair)) for of_pair in zip(*by_variable, strict=True)]
    inner = dict(zip(pairs, sums, strict=True))
    return tf.stack([tf.stack([inner[max(i, j), min(i, j)] for j in domains]) for i in domains])
