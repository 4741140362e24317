"""The networks under the names that a configuration has for them."""

import functools
from collections.abc import Callable

import keras

from dg_keras.backbones.alexnet import AlexNet
from dg_keras.backbones.efficientnet_lite0 import EfficientNetLite0
from dg_keras.backbones.from_applications import applications, from_applications


def by_name() -> dict[str, Callable[..., keras.Model]]:
    """The networks of this library, and those of keras.applications."""
    others = {name: functools.partial(from_applications, name) for name in applications()}
    return {"alexnet": AlexNet, "efficientnet_lite0": EfficientNetLite0, **others}
