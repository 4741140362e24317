import keras
import numpy as np
import pytest

from dg_keras.backbones import AlexNet
from tests.backbones.helpers import assert_is_plain_keras, images


@pytest.fixture(scope="module")
def net():
    return AlexNet(classes=7)


def shape(net, layer):
    return net.get_layer(layer).output.shape[1:]


def test_has_the_shapes_and_weights_of_the_original(net):
    assert [shape(net, layer) for layer in ("conv1", "conv1_pool", "conv2", "conv2_pool")] == [
        (55, 55, 64),
        (27, 27, 64),
        (27, 27, 192),
        (13, 13, 192),
    ]
    assert [shape(net, layer) for layer in ("conv3", "conv4", "conv5", "conv5_pool")] == [
        (13, 13, 384),
        (13, 13, 256),
        (13, 13, 256),
        (6, 6, 256),
    ]
    # 61,100,840 with 1000 classes, as torchvision documents.
    assert net.count_params() == 61_100_840 - 993 * 4097


def test_pads_zeros_on_both_sides_alike(net):
    conv1 = net.get_layer("conv1")
    image = images(1, 224)
    padded = np.pad(image, ((0, 0), (2, 2), (2, 2), (0, 0)))
    kernel = keras.ops.convert_to_numpy(conv1.kernel)
    corner = np.tensordot(padded[0, :11, :11], kernel, axes=3)
    out = conv1(net.get_layer("conv1_padding")(image))
    np.testing.assert_allclose(out[0, 0, 0], np.maximum(corner, 0), rtol=1e-3, atol=1e-2)


def test_preprocessing_is_that_of_torch(net):
    image = images(1, 224)
    expected = keras.applications.imagenet_utils.preprocess_input(image.copy(), mode="torch")
    np.testing.assert_allclose(net.get_layer("rescaling")(image), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("image_size", "pooled"), [(95, True), (222, True), (223, False), (254, False)]
)
def test_the_last_feature_map_is_pooled_only_where_it_is_not_6_by_6(image_size, pooled):
    net = AlexNet(classes=2, image_size=image_size)
    assert ("pool" in [layer.name for layer in net.layers]) is pooled
    assert shape(net, "flatten") == (9216,)


def test_is_plain_keras(net):
    assert_is_plain_keras(net, images(2, 224))


def test_weights_load_for_other_classes_and_sizes(net, tmp_path):
    net.save_weights(tmp_path / "net.weights.h5")
    loaded = AlexNet(classes=3, image_size=95, weights=tmp_path / "net.weights.h5")
    np.testing.assert_array_equal(loaded.get_layer("fc7").kernel, net.get_layer("fc7").kernel)
    # A graph is stricter about small feature maps than eager execution.
    assert loaded.predict(images(2, 95), verbose=0).shape == (2, 3)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"classes": -1}, ValueError, "`classes` must be a positive integer"),
        ({"classes": 2, "image_size": 94}, ValueError, "`image_size` must be .* at least 95"),
        ({"classes": 2, "weights": "image_net"}, FileNotFoundError, "weights='image_net'"),
    ],
)
def test_wrong_arguments_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        AlexNet(**arguments)
