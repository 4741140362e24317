"""How many classes the compiled loss knows."""

from typing import Any

import keras

from dg_keras.common.loss_of import loss_of
from dg_keras.data.feeding.checked_batches import Classes

_SPARSE = (
    keras.losses.SparseCategoricalCrossentropy,
    keras.losses.sparse_categorical_crossentropy,
)
_BINARY = (
    *(keras.losses.BinaryCrossentropy, keras.losses.BinaryFocalCrossentropy),
    *(keras.losses.binary_crossentropy, keras.losses.binary_focal_crossentropy),
)


def classes(model: keras.Model, net: keras.Model) -> Classes | None:
    """The classes that labels may be of, where the loss takes their numbers, or 0 and 1.

    Args:
        model: The compiled model.
        net: The network that it trains.

    Returns:
        None where there are several outputs, or the loss or the network does not tell.
    """
    outputs = getattr(net, "outputs", None) or []
    losses = [loss for loss in keras.tree.flatten(model.loss) if loss is not None]
    if len(outputs) != 1 or len(losses) != 1:
        return None
    loss = loss_of(losses[0])
    is_binary = _is_one_of(loss, _BINARY)
    if not is_binary and not _is_one_of(loss, _SPARSE):
        return None
    config = loss.get_config() if isinstance(loss, keras.losses.Loss) else {}
    number = outputs[0].shape[config.get("axis", -1)]
    if number is None:
        return None
    if is_binary:  # one output tells two classes
        return Classes(max(2, number), is_binary=True)
    return Classes(number, config.get("ignore_class"))


def _is_one_of(loss: Any, losses: tuple[Any, ...]) -> bool:
    return any(isinstance(loss, of) if isinstance(of, type) else loss is of for of in losses)


def whole_class_weight(weight: Any, classes: Classes | None) -> Any:
    """`class_weight` with a weight of 1 for classes that it leaves out, as Keras has for arrays.

    For datasets, which domains are made into, Keras wants all of them.
    """
    if not isinstance(weight, dict) or classes is None:
        return weight
    return {**dict.fromkeys(range(classes.number), 1.0), **weight}
