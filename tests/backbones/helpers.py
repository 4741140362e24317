"""What the tests of several backbones share."""

from collections.abc import Iterator

import keras
import numpy as np


def images(count: int, size: int) -> np.ndarray:
    """Random RGB images in 0..255."""
    return np.random.default_rng(0).uniform(0, 255, (count, size, size, 3)).astype("float32")


def logits(net: keras.Model, batch: np.ndarray) -> np.ndarray:
    return keras.ops.convert_to_numpy(net(batch, training=False))


def modules(config: object) -> Iterator[str]:
    """Every module that a serialized network asks for."""
    if isinstance(config, dict):
        if config.get("module"):
            yield config["module"]
        for value in config.values():
            yield from modules(value)
    elif isinstance(config, list | tuple):
        for value in config:
            yield from modules(value)


def assert_is_plain_keras(net: keras.Model, batch: np.ndarray) -> None:
    """The network serializes with nothing but Keras, and its copy gives the same logits."""
    config = keras.saving.serialize_keras_object(net)
    assert {module.partition(".")[0] for module in modules(config)} == {"keras"}
    copy = keras.saving.deserialize_keras_object(config)
    copy.set_weights(net.get_weights())
    np.testing.assert_array_equal(logits(copy, batch), logits(net, batch))
