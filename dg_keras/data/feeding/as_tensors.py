"""A domain's arrays as tensors."""

from typing import Any

import keras
import tensorflow as tf

from dg_keras.data.feeding.as_column import as_column


def as_tensors(domain: tuple[Any, ...]) -> tuple[Any, ...]:
    """Makes tensors of the arrays of a domain.

    Args:
        domain: `(x, y)` or `(x, y, sample_weight)`, each an array or a structure of arrays, all of
            one length; a `tf.RaggedTensor` and a `tf.SparseTensor` are arrays too.

    Returns:
        Tensors in the same structure, but for lists, which become tuples, as in Keras' own `fit`:
        tf.data takes a list for an array; and a `pandas.Series` is a column, as there. They keep
        their dtype, but for float64, which becomes float32 in `x` and `sample_weight`.
    """
    x, y, *weight = keras.tree.lists_to_tuples(domain)
    with tf.device("CPU:0"):  # tf.data runs there; tensors elsewhere would travel each step
        return (
            tf.nest.map_structure(lambda array: _as_tensor(array, single=True), x),
            tf.nest.map_structure(lambda array: _as_tensor(array, single=False), y),
            *tf.nest.map_structure(lambda array: _as_tensor(array, single=True), weight),
        )


def _as_tensor(array: Any, single: bool) -> Any:
    is_composite = isinstance(array, tf.RaggedTensor | tf.SparseTensor)
    tensor = array if is_composite else tf.convert_to_tensor(as_column(array))
    if isinstance(tensor, tf.SparseTensor):
        tensor = tf.sparse.reorder(tensor)  # rows are found in it as if it were sorted
    return tf.cast(tensor, tf.float32) if single and tensor.dtype == tf.float64 else tensor
