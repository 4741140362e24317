"""On several replicas, a loss has a value for each sample."""

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import tensorflow as tf

from dg_keras.common.loss_of import loss_of
from dg_keras.step.is_known import is_known


def check_tells_each_sample(model: keras.Model, y: Any, y_pred: Any) -> None:
    """Raises ValueError if a loss of the user's own is a scalar, which Keras shares out to no one.

    Args:
        model: The compiled model.
        y: The targets.
        y_pred: The predictions; those that are nested are not looked at.
    """
    if all(map(is_known, keras.tree.flatten(model.loss))):
        return
    for loss, target, prediction in _matched(model, y, y_pred):
        if any(map(keras.tree.is_nested, (target, prediction, loss))) or is_known(loss):
            continue
        loss = loss_of(loss)
        dtype = getattr(loss, "dtype", None) or keras.config.floatx()
        pair = [keras.ops.convert_to_tensor(of, dtype) for of in (target, prediction)]
        value = (loss.call if isinstance(loss, keras.losses.Loss) else loss)(*pair)
        if tf.convert_to_tensor(value).shape.rank == 0:
            name = getattr(loss, "__name__", type(loss).__name__)
            raise ValueError(
                "`loss` must return a value for each sample on several replicas, of which Keras "
                f"takes the mean over all. Received: {name}, which returned a scalar"
            )


def _matched(model: keras.Model, y: Any, y_pred: Any) -> Iterator[tuple[Any, Any, Any]]:
    """The loss, the target and the prediction of each output that has a loss.

    There are none where they do not match in number: Keras tells, or matches them otherwise.
    """
    names = sorted(y_pred) if isinstance(y_pred, dict) else getattr(model.net, "output_names", [])
    losses, targets, predictions = (_of(names, each) for each in (model.loss, y, y_pred))
    if not keras.tree.is_nested(model.loss):  # which is then that of all
        losses *= len(predictions)
    if len(losses) != len(predictions):
        return
    if len(targets) == len(losses):
        targets = [t for t, loss in zip(targets, losses, strict=True) if loss is not None]
    outputs = [pair for pair in zip(losses, predictions, strict=True) if pair[0] is not None]
    if len(targets) == len(outputs):
        for (loss, prediction), target in zip(outputs, targets, strict=True):
            yield loss, target, prediction


def _of(outputs: Sequence[str], structure: Any) -> list[Any]:
    """What there is for each output, by its name or in their order."""
    if isinstance(structure, dict):
        return [structure.get(name) for name in outputs]
    return keras.tree.flatten(structure)
