"""One batch of several domains' batches."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from dg_keras.common.samples import interleaved_tensor


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
    if len({part.dtype for part in parts}) > 1:
        parts = [tf.cast(part, dtype) for part in parts]
    merged, samples = interleaved_tensor(parts), batch_size * len(parts)
    if isinstance(merged, tf.SparseTensor):
        merged.set_shape([samples, *parts[0].shape[1:]])
        return merged
    if isinstance(merged, tf.RaggedTensor):
        splits = tf.ensure_shape(merged.row_splits, [samples + 1])
        return tf.RaggedTensor.from_row_splits(merged.values, splits, validate=False)
    shape = tf.TensorShape([samples]).concatenate(merged.shape[1:])
    return tf.cast(tf.ensure_shape(merged, shape), dtype)
