"""What is fed to a step, and each domain's part of it."""

from typing import Any

import keras
import tensorflow as tf

from dg_keras.common.samples import check_divides, every, first_of
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
    samples = first_of(batch.x).shape[0]
    if samples is not None:
        check_divides(samples, domains)
    return batch


def split(batch: Any, domains: int) -> list[Any]:
    """Each domain's samples: every N-th from i on; None stays."""
    return [every(batch, i, domains) for i in range(domains)]


def _to_tensor(value: Any) -> Any:
    # Sparse and ragged tensors are several.
    is_composite = isinstance(value, tf.SparseTensor | tf.RaggedTensor)
    return value if is_composite else tf.convert_to_tensor(value)
