"""How many classes the compiled loss knows."""

from typing import Any

import keras

from dg_keras.common.loss_of import loss_of
from dg_keras.data.feeding.checked_batches import Classes

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
    # A subclass, or a mask, may leave out labels that are not known, which are often -1.
    is_binary = type(loss) in _BINARY or loss in _BINARY
    if is_binary and getattr(outputs[0], "_keras_mask", None) is not None:
        return None
    is_sparse = isinstance(loss, keras.losses.SparseCategoricalCrossentropy)
    if not is_binary and not is_sparse and loss is not keras.losses.sparse_categorical_crossentropy:
        return None
    config = loss.get_config() if isinstance(loss, keras.losses.Loss) else {}
    number = outputs[0].shape[config.get("axis", -1)]
    if number is None:
        return None
    if is_binary:  # one output tells two classes
        return Classes(max(2, number), is_binary=True)
    return Classes(number, config.get("ignore_class"))


def whole_class_weight(weight: Any, classes: Classes | None) -> Any:
    """`class_weight` with a weight of 1 for classes that it leaves out, as Keras has for arrays.

    For datasets, which domains are made into, Keras wants all of them.
    """
    if not isinstance(weight, dict) or classes is None:
        return weight
    return {**dict.fromkeys(range(classes.number), 1.0), **weight}
