"""The networks that a config can name."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

import keras

from dg_keras import backbones
from dg_keras.backbones.from_applications import applications

_OURS = {
    "alexnet": backbones.AlexNet,
    "efficientnet_lite0": backbones.EfficientNetLite0,
}


def names() -> list[str]:
    """The networks of this library, and the functions of keras.applications."""
    return [*_OURS, *applications()]


def build(name: str, **arguments: Any) -> keras.Model:
    """Builds a network.

    Args:
        name: One of `names()`.
        **arguments: What the network's function in `dg_keras.backbones` takes.

    Raises:
        ValueError: If it takes no such argument.
    """
    make: Callable[..., keras.Model] = _OURS.get(name) or functools.partial(
        backbones.from_applications, name
    )
    known = inspect.signature(make).parameters
    for argument in arguments:
        if argument not in known:
            raise ValueError(
                f"`backbone.arguments`: {name} takes {', '.join(known)}. Received: {argument}"
            )
    return make(**arguments)
