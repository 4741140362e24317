"""The losses that `compile` knows by name."""

from typing import Any

import keras
import tensorflow as tf


def loss_of(identifier: Any) -> Any:
    """As `keras.losses.get`, and "crossentropy" and "ce", which `compile` takes besides."""
    if isinstance(identifier, str) and identifier.lower() in ("crossentropy", "ce"):
        return cross_entropy
    return keras.losses.get(identifier)


def cross_entropy(y: tf.Tensor, y_pred: tf.Tensor, from_logits: bool = False) -> tf.Tensor:
    """The loss of two classes, of classes' numbers or of their shares, whichever the shapes tell.

    Args:
        y: The labels, `[n]`, `[n, 1]` or `[n, classes]`.
        y_pred: The predictions, `[n, classes]`, or `[n, 1]` of two.
        from_logits: Whether these are logits.
    """
    if y_pred.shape[-1] == 1:
        function = keras.losses.binary_crossentropy
    elif len(y.shape) < len(y_pred.shape) or y.shape[-1] == 1:
        function = keras.losses.sparse_categorical_crossentropy
    else:
        function = keras.losses.categorical_crossentropy
    return function(y, y_pred, from_logits=from_logits)
