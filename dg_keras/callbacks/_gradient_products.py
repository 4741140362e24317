"""Inner products and shared signs of the gradients of several domains."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import tensorflow as tf


class GradientProducts:
    """All that is measured of the domains' gradients, in one traced function.

    It leaves no trace in the model: weights, statistics, metrics and random number generators are
    what they were.

    Args:
        model: A compiled model that is built.
    """

    def __init__(self, model: keras.Model) -> None:
        self.variables: list[keras.Variable] = model.trainable_variables
        self._model = model
        # Traced by itself, a domain's gradient is traced once for all domains.
        self._gradient_of = self._compiled(self._gradient)
        self._products_of = self._compiled(self._products)

    def __call__(self, batches: Sequence[Any]) -> tuple[tf.Tensor, tf.Tensor]:
        """Takes the gradients.

        Args:
            batches: `(x, y)` or `(x, y, sample_weight)` of each of the N domains.

        Returns:
            For each of the V trainable variables the inner products of the domains' gradients,
            float32 `[V, N, N]`, and the number of components whose sign all domains share, int64
            `[V]`.
        """
        return self._products_of(batches)

    def _compiled(self, function: Any) -> Any:
        return function if self._model.run_eagerly else tf.function(function, autograph=False)

    def _products(self, batches: Sequence[Any]) -> tuple[tf.Tensor, tf.Tensor]:
        gradients = [self._gradient_of(batch) for batch in batches]
        grams, agreeing = [], []
        for of_variable in zip(*gradients, strict=True):
            flat = tf.stack([tf.reshape(tf.cast(g, tf.float32), [-1]) for g in of_variable])
            signs = tf.sign(flat)
            grams.append(tf.matmul(flat, flat, transpose_b=True))
            agreeing.append(tf.math.count_nonzero(tf.reduce_all(signs == signs[:1], axis=0)))
        scale = self._model.optimizer.scale_loss(tf.ones(()))
        return tf.stack(grams) / scale**2, tf.stack(agreeing)

    def _gradient(self, batch: Any) -> list[tf.Tensor]:
        """The gradient of the data loss, multiplied by the loss scale if there is one."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(batch)
        # A custom layer may draw or count in inference too, and a loss has metrics of its own.
        with (
            keras.StatelessScope(collect_losses=True),
            _without_penalties(self.variables),
            tf.GradientTape() as tape,
        ):
            y_pred = self._model(x, training=False)
            loss = self._model.compute_loss(x, y, y_pred, sample_weight, training=False)
            scaled = self._model.optimizer.scale_loss(loss)
        gradient = tape.gradient(
            scaled,
            [variable.value for variable in self.variables],
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        return [tf.convert_to_tensor(g) for g in gradient]  # an embedding's is a slice of it


@contextlib.contextmanager
def _without_penalties(variables: Sequence[keras.Variable]) -> Iterator[None]:
    """Takes the regularizers off the variables for a while."""
    regularizers = [variable.regularizer for variable in variables]
    for variable in variables:
        variable.regularizer = None
    try:
        yield
    finally:
        for variable, regularizer in zip(variables, regularizers, strict=True):
            variable.regularizer = regularizer
