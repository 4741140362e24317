"""One batch of several domains' batches."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf


def merge_batches(parts: Sequence[Any], batch_size: int, dtype: tf.DType) -> Any:
    """Makes one tensor of N domains' tensors; sample i of it is of domain i mod N.

    Args:
        parts: A tensor per domain, all dense, all ragged or all sparse, of shape
            `[batch_size, ...]`.
        batch_size: Samples per domain.
        dtype: That of the result, which parts need not have.

    Returns:
        A tensor of the same kind, of shape `[batch_size * N, ...]`; its first dimension is static.
    """
    samples = batch_size * len(parts)
    if isinstance(parts[0], tf.SparseTensor):
        stacked = tf.sparse.concat(1, [tf.sparse.expand_dims(part, 1) for part in parts])
        merged = tf.sparse.reshape(stacked, tf.concat([[samples], stacked.dense_shape[2:]], axis=0))
        merged.set_shape([samples, *parts[0].shape[1:]])
        return merged
    if isinstance(parts[0], tf.RaggedTensor):
        merged = tf.stack(parts, axis=1).merge_dims(0, 1)
        splits = tf.ensure_shape(merged.row_splits, [samples + 1])
        return tf.RaggedTensor.from_row_splits(merged.values, splits, validate=False)
    if len({part.dtype for part in parts}) > 1:
        parts = [tf.cast(part, dtype) for part in parts]
    stacked = tf.stack(parts, axis=1)
    merged = tf.reshape(stacked, tf.concat([[samples], tf.shape(stacked)[2:]], axis=0))
    shape = tf.TensorShape([samples]).concatenate(stacked.shape[2:])
    return tf.cast(tf.ensure_shape(merged, shape), dtype)
