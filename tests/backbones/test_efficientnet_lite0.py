import keras
import numpy as np
import pytest

from dg_keras.backbones import EfficientNetLite0
from tests.backbones.helpers import images, logits


@pytest.fixture(scope="module")
def net():
    return EfficientNetLite0(classes=8, image_size=32)


@pytest.fixture(scope="module")
def saved(net, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "net.weights.h5"
    net.save_weights(path)
    return path


def batch_norms(net):
    return [layer for layer in net.layers if isinstance(layer, keras.layers.BatchNormalization)]


def test_has_the_size_of_the_original():
    # 4,652,008 with 1000 classes, as published; BatchNorm's statistics are counted apart.
    net = EfficientNetLite0(classes=1000)
    assert sum(int(np.prod(v.shape)) for v in net.trainable_variables) == 4_652_008
    assert net.output_shape == (None, 1000)


def test_every_block_ends_in_a_layer_of_its_number(net):
    channels = [net.get_layer(f"block{i}_output").output.shape[-1] for i in range(16)]
    assert channels == [16, 24, 24, 40, 40, 80, 80, 80, 112, 112, 112, 192, 192, 192, 192, 320]


def test_scaling_is_inside(net):
    x = np.array([0.0, 127.0, 255.0])
    np.testing.assert_allclose(net.get_layer("rescaling")(x), (x - 127) / 128, rtol=1e-6)


@pytest.mark.parametrize(
    ("pretrained", "option", "trainable"),
    [(False, None, True), (False, True, False), (True, None, False), (True, False, True)],
)
def test_batch_norm_is_frozen_by_default_when_pretrained(saved, pretrained, option, trainable):
    net = EfficientNetLite0(8, 32, weights=saved if pretrained else None, freeze_batch_norm=option)
    assert {layer.trainable for layer in batch_norms(net)} == {trainable}
    assert len(batch_norms(net)) == 49


def test_frozen_batch_norm_ignores_the_batch():
    net = EfficientNetLite0(8, 32, freeze_batch_norm=True, dropout=0)
    batch = images(4, 32)
    np.testing.assert_array_equal(net(batch, training=True), logits(net, batch))


def test_a_file_is_loaded_whole_when_the_classes_are_as_many(net, saved):
    batch = images(2, 32)
    loaded = EfficientNetLite0(classes=8, image_size=32, weights=str(saved))
    np.testing.assert_array_equal(logits(loaded, batch), logits(net, batch))


def test_a_file_of_other_classes_gives_everything_but_the_classifier(net, saved):
    loaded = EfficientNetLite0(classes=3, image_size=64, weights=saved)
    for mine, its in zip(loaded.get_weights()[:-2], net.get_weights()[:-2], strict=True):
        np.testing.assert_array_equal(mine, its)
    assert loaded.output_shape == (None, 3)


def test_a_file_of_another_network_is_refused(tmp_path):
    other = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(32, 5)])
    other.save_weights(tmp_path / "other.weights.h5")
    with pytest.raises(
        ValueError, match=r"layer 'stem_conv' has .* with \[\(5, 5, 3, 32\), \(32,\)\]"
    ):
        EfficientNetLite0(8, 32, weights=tmp_path / "other.weights.h5")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"classes": 0}, ValueError, "`classes` must be a positive integer. Received: classes=0"),
        ({"classes": 2.0}, ValueError, "`classes` must be a positive integer"),
        ({"classes": 2, "image_size": 31}, ValueError, "`image_size` must be .* at least 32"),
        ({"classes": 2, "image_size": (32, 32)}, ValueError, "`image_size` must be an integer"),
        ({"classes": 2, "dropout": 1}, ValueError, r"`dropout` must be in \[0, 1\)"),
    ],
)
def test_wrong_arguments_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        EfficientNetLite0(**arguments)
