"""A map of a few short operations."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def map_in_place(dataset: tf.data.Dataset, function: Callable[..., Any]) -> tf.data.Dataset:
    """`dataset.map`, all of it on the thread that asks for an element.

    `map` hands operations to other threads, and to wake one takes ten times as long as to look at a
    batch's labels. What tells TensorFlow so is known to its operation, but not to `map`.

    Args:
        dataset: A dataset.
        function: Takes an element, and returns one of the same structure, shapes and dtypes.

    Returns:
        The mapped dataset, with the options of `dataset`.
    """
    spec = dataset.element_spec
    leaves = tf.nest.flatten(spec)
    unconverted = tf.autograph.experimental.do_not_convert(function)
    if not all(isinstance(leaf, tf.TensorSpec) for leaf in leaves):
        return dataset.map(unconverted)  # ragged and sparse tensors are several to the operation
    arguments = spec if isinstance(spec, tuple) else (spec,)

    def of_leaves(*tensors: tf.Tensor) -> list[tf.Tensor]:
        mapped = unconverted(*tf.nest.pack_sequence_as(arguments, tensors))
        return [tf.identity(tensor) for tensor in tf.nest.flatten(mapped)]

    traced = tf.function(of_leaves, autograph=False).get_concrete_function(*leaves)
    variant = tf.raw_ops.MapDataset(
        input_dataset=tf.data.experimental.to_variant(dataset),
        other_arguments=traced.captured_inputs,
        f=traced,
        output_types=[leaf.dtype for leaf in leaves],
        output_shapes=[leaf.shape for leaf in leaves],
        use_inter_op_parallelism=False,
        preserve_cardinality=True,
    )
    mapped = tf.data.experimental.from_variant(variant, spec)
    return mapped.with_options(dataset.options())
