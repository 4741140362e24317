"""Rows of a tensor, by their numbers."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def row_taker(tensor: Any) -> Callable[[tf.Tensor], Any]:
    """Makes the function that takes rows of a tensor.

    Args:
        tensor: A `tf.Tensor`, a `tf.RaggedTensor`, or a `tf.SparseTensor` whose indices are in
            order, of shape `[n, ...]`.

    Returns:
        Function of row numbers, shape `[k]` (which is static where the tensor is sparse), that
        returns a tensor of the same kind and of shape `[k, ...]`.
    """
    if not isinstance(tensor, tf.SparseTensor):
        return lambda numbers: tf.gather(tensor, numbers)
    # TensorFlow gathers from dense and ragged tensors alone: what is in a row is a ragged row.
    rows, places = tensor.indices[:, 0], tensor.indices[:, 1:]
    size = tensor.dense_shape[0]
    places = tf.RaggedTensor.from_value_rowids(places, rows, size)
    values = tf.RaggedTensor.from_value_rowids(tensor.values, rows, size)

    def take(numbers: tf.Tensor) -> tf.SparseTensor:
        taken = tf.gather(places, numbers)
        indices = tf.concat([taken.value_rowids()[:, None], taken.values], axis=1)
        shape = [numbers.shape[0], *tensor.shape[1:]]
        return tf.SparseTensor(indices, tf.gather(values, numbers).values, shape)

    return take
