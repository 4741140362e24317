"""Inner products and shared signs of the gradients of several domains."""

import functools
import itertools
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from dg_keras.step.computed_loss import computed_loss
from dg_keras.step.sums import dense
from dg_keras.step.weight_penalty import without_penalties
from dg_keras.strategies.gram_matrix import of_small
from dg_keras.strategies.totals import FEW, totals


class GradientProducts:
    """All that is measured of the domains' gradients, in one traced function.

    It leaves no trace in the model: weights, statistics, metrics and random number generators are
    what they were.

    Args:
        model: A compiled model that is built, with something to train; it may train without an
            optimizer of its own.
    """

    def __init__(self, model: keras.Model) -> None:
        self.variables: list[keras.Variable] = model.trainable_variables
        self._model = model
        # Traced by itself, a domain's gradient is traced once for all domains.
        self._gradient_of = self._compiled(self._gradient)
        self._products_of = self._compiled(self._products)

    def __call__(self, batches: Sequence[Any]) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Takes the gradients.

        Args:
            batches: `(x, y)` or `(x, y, sample_weight)` of each of the N domains.

        Returns:
            For each of the V trainable variables the inner products of the domains' gradients,
            float32 `[V, N, N]`, the number of components whose sign all domains share, int64 `[V]`,
            and the number of those among them that are 0 in all domains, int64 `[V]`.
        """
        return self._products_of(batches)

    def prepare(self, batches: Sequence[Any]) -> None:
        """Traces it, which tells what can't be measured; eagerly it measures once.

        Args:
            batches: As for a call.
        """
        optimizer = self._model.optimizer
        if optimizer is not None and not optimizer.built:  # else the scale of the loss is constant
            optimizer.build(self.variables)
        if self._model.run_eagerly:
            self(batches)
        else:
            self._products_of.get_concrete_function(batches)

    def _compiled(self, function: Any) -> Any:
        return function if self._model.run_eagerly else tf.function(function, autograph=False)

    def _products(self, batches: Sequence[Any]) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        gradients = [self._gradient_of(batch) for batch in batches]
        measured = [gram_and_agreement(of) for of in zip(*gradients, strict=True)]
        grams, agreeing, zero = map(tf.stack, zip(*measured, strict=True))
        return grams / self._scaled(tf.ones(())) ** 2, agreeing, zero

    def _scaled(self, loss: tf.Tensor) -> tf.Tensor:
        """The loss, multiplied by the loss scale if there is one."""
        optimizer = self._model.optimizer
        return loss if optimizer is None else optimizer.scale_loss(loss)

    def _gradient(self, batch: Any) -> list[tf.Tensor]:
        """The gradient of the data loss, multiplied by the loss scale if there is one."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(batch)
        # A custom layer may draw or count in inference too, and a loss has metrics of its own.
        with (
            keras.StatelessScope(collect_losses=True),
            without_penalties(self.variables),
            tf.GradientTape() as tape,
        ):
            y_pred = self._model(x, training=False)
            loss = computed_loss(self._model, x, y, y_pred, sample_weight, training=False)
            scaled = self._scaled(loss)
        gradient = tape.gradient(
            scaled,
            [variable.value for variable in self.variables],
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        return dense(gradient, self.variables)


def gram_and_agreement(gradients: Sequence[tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """What is measured of one variable.

    Args:
        gradients: The variable's gradient in each of the N domains.

    Returns:
        Their inner products, float32 `[N, N]`, the number of components whose sign all share, and
        the number of those that are 0 in all, int64.
    """
    flat = [tf.reshape(tf.cast(g, tf.float32), [-1]) for g in gradients]
    if flat[0].shape[0] < FEW:
        gram = of_small([[g] for g in flat])
        counted = (tf.math.count_nonzero(f(flat)) for f in (_share_their_sign, _are_zero))
        return gram, *counted

    # A matmul adds up one long chain here, and of 4e7 components loses the third digit.
    pairs = list(itertools.combinations_with_replacement(range(len(flat)), 2))

    def by_component(*parts: tf.Tensor) -> list[tf.Tensor]:
        products = [parts[i] * parts[j] for i, j in pairs]
        return [*products, *(tf.cast(f(parts), tf.int32) for f in (_share_their_sign, _are_zero))]

    *products, agreeing, zero = totals(by_component, *flat)
    of_pair = dict(zip(pairs, products, strict=True))
    every = range(len(flat))
    gram = tf.stack([tf.stack([of_pair[min(i, j), max(i, j)] for j in every]) for i in every])
    return gram, tf.cast(agreeing, tf.int64), tf.cast(zero, tf.int64)


def _share_their_sign(gradients: Sequence[tf.Tensor]) -> tf.Tensor:
    """Whether a component has the same sign in all gradients, bool, of their shape."""
    first, *others = map(tf.sign, gradients)
    return functools.reduce(tf.logical_and, [sign == first for sign in others])


def _are_zero(gradients: Sequence[tf.Tensor]) -> tf.Tensor:
    """Whether a component is 0 in all gradients, bool, of their shape."""
    return functools.reduce(tf.logical_and, [g == 0 for g in gradients])
