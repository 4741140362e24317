"""What is fed to a step, and each domain's part of it."""

from typing import Any

import keras
import tensorflow as tf

from dg_keras.common.samples import every
from dg_keras.objectives import Batch


def read(data: Any, domains: int) -> Batch:
    """The batch that Keras hands to `train_step`, as tensors.

    Args:
        data: `x`, `(x, y)` or `(x, y, sample_weight)`.
        domains: The number of domains, N: sample i must be of domain i modulo N.

    Raises:
        ValueError: If the number of samples is known and does not divide.
    """
    batch = Batch(*keras.utils.unpack_x_y_sample_weight(data))
    batch = keras.tree.map_structure(_to_tensor, batch, none_is_leaf=False)
    samples = keras.tree.flatten(batch.x)[0].shape[0]
    if samples is not None:
        check_divides(samples, domains)
    return batch


def check_divides(samples: int, domains: int) -> None:
    """Raises ValueError if a batch can't hold as many samples of each domain."""
    if samples % domains:
        raise ValueError(
            f"A batch must hold as many samples of each of the {domains} domains; make it with "
            f"dg_keras.data.interleave, or batch with drop_remainder=True. Received: {samples} "
            "samples"
        )


def split(batch: Any, domains: int) -> list[Any]:
    """Each domain's samples: every N-th from i on; None stays."""
    return [every(batch, i, domains) for i in range(domains)]


def number_of_samples(x: Any) -> tf.Tensor:
    """The number of samples in a structure of tensors, a scalar integer."""
    first = keras.tree.flatten(x)[0]
    if isinstance(first, tf.SparseTensor):
        return first.dense_shape[0]
    return first.nrows() if isinstance(first, tf.RaggedTensor) else tf.shape(first)[0]


def _to_tensor(value: Any) -> Any:
    # Sparse and ragged tensors are several.
    is_composite = isinstance(value, tf.SparseTensor | tf.RaggedTensor)
    return value if is_composite else tf.convert_to_tensor(value)
