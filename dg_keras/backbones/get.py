"""A network by its name."""

import difflib
from typing import Any

import keras

from dg_keras.backbones._by_name import by_name
from dg_keras.backbones.parameters import parameters


def get(name: str, **arguments: Any) -> keras.Model:
    """Builds a network that is told by its name, as a configuration does.

    Args:
        name: One of `dg_keras.backbones.names()`: `"alexnet"`, `"efficientnet_lite0"`, or a
            function of keras.applications, such as `"ResNet50"`.
        **arguments: What the network's function in `dg_keras.backbones` takes; `classes` at least.

    Returns:
        A Functional `keras.Model` from RGB images in 0..255 to logits.

    Raises:
        ValueError: If there is no such network, or it takes no such argument.

    Examples:
        >>> net = dg_keras.backbones.get("efficientnet_lite0", classes=7, image_size=96)
        >>> net.output_shape
        (None, 7)
    """
    known = by_name()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.4) or known
        raise ValueError(
            f"`name` must be the name of a network, such as {', '.join(near)}. Received: {name!r}"
        )
    taken = parameters(name)
    for argument in arguments:
        if argument not in taken:
            raise ValueError(
                f"`{name}` takes the arguments {', '.join(taken)}. Received: {argument}"
            )
    return known[name](**arguments)
