"""Networks by their names."""

import keras
import pytest

from dg_keras import backbones


def test_every_name_is_a_network_of_ours_or_of_keras():
    names = backbones.names()
    assert names[:2] == ["alexnet", "efficientnet_lite0"]
    assert {"ResNet50", "MobileNetV2", "EfficientNetV2B0"} < set(names)
    assert all(hasattr(keras.applications, name) for name in names[2:])


@pytest.mark.parametrize("name", ["efficientnet_lite0", "MobileNetV2"])
def test_a_network_is_built_with_its_arguments(name):
    net = backbones.get(name, classes=3, image_size=32, dropout=0.5)
    assert net.input_shape == (None, 32, 32, 3)
    assert net.output_shape == (None, 3)
    (dropout,) = [layer for layer in net.layers if layer.name == "dropout"]
    assert dropout.rate == 0.5


@pytest.mark.parametrize(
    ("name", "arguments", "sentence"),
    [
        ("alexnett", {}, "`name` must be the name of a network, such as alexnet.*'alexnett'"),
        ("alexnet", {"drop": 1}, "`alexnet` takes the arguments classes, .*Received: drop"),
        ("ResNet50", {"top": 1}, "`ResNet50` takes the arguments classes, .*Received: top"),
    ],
)
def test_what_is_not_known_is_one_sentence(name, arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        backbones.get(name, **arguments)
