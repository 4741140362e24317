"""A map of a few short operations."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from dg_keras.common.check_keras import is_keras2


def map_in_place(dataset: tf.data.Dataset, function: Callable[..., Any]) -> tf.data.Dataset:
    """`dataset.map`, all of it on the thread that asks for an element.

    `map(synchronous=True)` still hands the function's operations to other threads, and to wake one
    takes ten times as long as to look at a batch's labels. TensorFlow's operation can be told
    otherwise, but not by `map`.

    Args:
        dataset: A dataset.
        function: Takes an element, and returns one of the same structure, shapes and dtypes.

    Returns:
        The mapped dataset.
    """
    spec = dataset.element_spec
    leaves = tf.nest.flatten(spec)
    unconverted = tf.autograph.experimental.do_not_convert(function)
    can_be_told = not is_keras2()  # from TensorFlow 2.18 on; else it is made parallel
    if not all(isinstance(leaf, tf.TensorSpec) for leaf in leaves):
        # Ragged and sparse tensors are several to the operation.
        return dataset.map(unconverted, **({"synchronous": True} if can_be_told else {}))
    arguments = spec if isinstance(spec, tuple) else (spec,)

    def of_leaves(*tensors: tf.Tensor) -> list[tf.Tensor]:
        mapped = unconverted(*tf.nest.pack_sequence_as(arguments, tensors))
        return [tf.identity(tensor) for tensor in tf.nest.flatten(mapped)]

    traced = tf.function(of_leaves, autograph=False).get_concrete_function(*leaves)
    variant = tf.raw_ops.MapDataset(
        input_dataset=dataset._variant_tensor,
        other_arguments=traced.captured_inputs,
        f=traced,
        output_types=[leaf.dtype for leaf in leaves],
        output_shapes=[leaf.shape for leaf in leaves],
        use_inter_op_parallelism=False,
        preserve_cardinality=True,
        **({"force_synchronous": True} if can_be_told else {}),
    )
    return _Mapped(variant, dataset)


class _Mapped(tf.data.Dataset):
    """A dataset that TensorFlow made of another one, which it keeps alive."""

    def __init__(self, variant: tf.Tensor, dataset: tf.data.Dataset) -> None:
        self._dataset = dataset
        super().__init__(variant)

    def _inputs(self) -> list[tf.data.Dataset]:
        return [self._dataset]

    @property
    def element_spec(self) -> Any:
        return self._dataset.element_spec
