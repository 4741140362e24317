"""What the function of a network takes."""

import inspect
from collections.abc import Mapping

from dg_keras.backbones._by_name import by_name


def parameters(name: str) -> Mapping[str, inspect.Parameter]:
    """The arguments that `dg_keras.backbones.get` takes for this network.

    Args:
        name: One of `dg_keras.backbones.names()`.

    Examples:
        >>> list(dg_keras.backbones.parameters("alexnet"))
        ['classes', 'image_size', 'weights', 'dropout', 'name']
    """
    return inspect.signature(by_name()[name]).parameters
