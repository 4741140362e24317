"""Some of the samples of a batch."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

_NOTES = ("_keras_mask", "_keras_logits")
"""What Keras notes on a tensor beside its values, a value per sample: which positions are padding,
and what a softmax or sigmoid was made of. Its losses look for both."""

_ACTIVATIONS = ("Softmax", "Sigmoid")


def every(structure: Any, start: int, stride: int) -> Any:
    """Every so many samples of a batch, with what Keras notes on its tensors.

    Args:
        structure: Tensors, sparse or ragged ones too, `[B, ...]` each; None stays.
        start: The first sample.
        stride: From one sample to the next.

    Returns:
        The same structure, of samples `start`, `start + stride`, ...
    """

    def of(tensor: Any) -> Any:
        taken = _every(tensor, start, stride)
        for name, note in _notes(tensor).items():
            setattr(taken, name, _every(note, start, stride))
        return taken

    return keras.tree.map_structure(of, structure, none_is_leaf=False)


def interleaved(parts: list[Any]) -> Any:
    """The batch whose sample i is the next of `parts[i % N]`; undoes `every(batch, i, N)`.

    Args:
        parts: N structures of tensors `[B, ...]`; None stays.

    Returns:
        One such structure of tensors `[B * N, ...]`, with their masks.
    """

    def of(*tensors: Any) -> Any:
        joined = interleaved_tensor(tensors)
        masks = [mask(t) for t in tensors]
        if masks[0] is not None:
            joined._keras_mask = interleaved_tensor(masks)
        return joined

    return keras.tree.map_structure(of, *parts, none_is_leaf=False)


def number_of_samples(x: Any) -> tf.Tensor:
    """The number of samples in a structure of tensors, a scalar integer."""
    first = first_of(x)
    if isinstance(first, tf.SparseTensor):
        return first.dense_shape[0]
    return first.nrows() if isinstance(first, tf.RaggedTensor) else tf.shape(first)[0]


def first_of(x: Any) -> Any:
    """The first tensor of a structure, or specification of one; of inputs some may be None."""
    first, *_ = (of for of in keras.tree.flatten(x) if hasattr(of, "shape"))
    return first


def check_divides(samples: int, domains: int) -> None:
    """Raises ValueError if a batch can't hold as many samples of each domain."""
    if samples % domains:
        raise ValueError(f"{rule_of_division(domains)}. Received: {samples} samples")


def rule_of_division(domains: int) -> str:
    """What a batch must hold, for errors."""
    return (
        f"A batch must hold as many samples of each of the {domains} domains; make it with "
        "dg_keras.data.interleave, or batch with drop_remainder=True"
    )


def mask(tensor: tf.Tensor) -> tf.Tensor | None:
    """The mask that Keras notes on a tensor: False where it is padding."""
    return getattr(tensor, "_keras_mask", None)


def masked(tensor: tf.Tensor, by: tf.Tensor | None) -> tf.Tensor:
    """The tensor, with a mask noted on it."""
    if by is not None:
        tensor._keras_mask = by
    return tensor


def _notes(tensor: Any) -> dict[str, tf.Tensor]:
    notes = {name: getattr(tensor, name, None) for name in _NOTES}
    if notes["_keras_logits"] is None and tf.is_symbolic_tensor(tensor):
        # In a graph Keras finds logits by the operation that they went into, too.
        operation = getattr(tensor, "op", None)
        if operation is not None and operation.type in _ACTIVATIONS:
            notes["_keras_logits"] = operation.inputs[0]
    return {name: note for name, note in notes.items() if note is not None}


def _every(tensor: Any, start: int, stride: int) -> Any:
    if isinstance(tensor, tf.SparseTensor):
        rows = tensor.indices[:, 0]
        kept = tf.sparse.retain(tensor, rows % stride == start)
        samples = (tensor.dense_shape[0] - start + stride - 1) // stride
        return tf.SparseTensor(
            tf.concat([kept.indices[:, :1] // stride, kept.indices[:, 1:]], axis=1),
            kept.values,
            tf.concat([[samples], tensor.dense_shape[1:]], axis=0),
        )
    if isinstance(tensor, tf.RaggedTensor):
        return tf.gather(tensor, tf.range(start, tensor.nrows(), stride))
    return tensor[start::stride]


def interleaved_tensor(parts: Sequence[Any]) -> Any:
    """One tensor whose sample i is the next of `parts[i % N]`, of dense, sparse or ragged ones."""
    first = parts[0]
    if isinstance(first, tf.SparseTensor):
        stacked = tf.sparse.concat(1, [tf.sparse.expand_dims(part, 1) for part in parts])
        return tf.sparse.reshape(stacked, tf.concat([[-1], stacked.dense_shape[2:]], axis=0))
    if isinstance(first, tf.RaggedTensor):
        return tf.stack(parts, axis=1).merge_dims(0, 1)
    stacked = tf.stack(parts, axis=1)
    joined = tf.reshape(stacked, tf.concat([[-1], tf.shape(stacked)[2:]], axis=0))
    samples = None if stacked.shape[0] is None else stacked.shape[0] * len(parts)
    return tf.ensure_shape(joined, tf.TensorShape([samples]).concatenate(stacked.shape[2:]))
