import hashlib
import inspect
import urllib.error

import keras
import numpy as np
import pytest
from keras.src.applications import efficientnet as keras_efficientnet
from keras.src.utils import file_utils

from dg_keras.backbones import from_applications
from dg_keras.backbones.from_applications import _PREPROCESSING
from tests.backbones.helpers import images, logits

# Ways of preprocessing: caffe, tf, inside. Only the slow DenseNets do it torch's way, which the
# test of all preprocessing has.
MODES = {
    "VGG16": keras.applications.vgg16,
    "MobileNetV2": keras.applications.mobilenet_v2,
    "MobileNetV3Small": keras.applications.mobilenet_v3,
}


@pytest.mark.parametrize("name", MODES)
def test_is_the_application_behind_its_own_preprocessing(name):
    net = from_applications(name, classes=5, image_size=32)
    *body_weights, kernel, bias = net.get_weights()
    body = getattr(keras.applications, name)(
        include_top=False, weights=None, input_shape=(32, 32, 3), pooling="avg"
    )
    body.set_weights(body_weights)
    batch = images(3, 32)
    features = logits(body, MODES[name].preprocess_input(batch.copy()))
    np.testing.assert_allclose(logits(net, batch), features @ kernel + bias, rtol=1e-3, atol=1e-5)


def test_its_layers_have_the_same_names_however_many_were_built_before():
    """MobileNet's preprocessing and VGG's are layers that nobody names."""
    first, second = (from_applications("MobileNetV2", classes=3, image_size=32) for _ in range(2))
    names = [layer.name for layer in first.layers]
    assert names == [layer.name for layer in second.layers]
    assert len(set(names)) == len(names)
    # Keras counts on.
    counted = [keras.layers.Dense(1).name for _ in range(2)]
    assert counted[0] != counted[1]


def test_the_preprocessing_of_every_application_is_known():
    functions = dict(inspect.getmembers(keras.applications, inspect.isfunction))
    modules = {function.__module__.rpartition(".")[2] for function in functions.values()}
    assert modules == set(_PREPROCESSING)
    probe = keras.Input((1, 1, 3))
    pixel = np.array([[[[10.0, 100.0, 200.0]]]])
    for module, preprocessing in _PREPROCESSING.items():
        ours = keras.Model(probe, preprocessing(probe))(pixel)
        theirs = getattr(keras.applications, module).preprocess_input(pixel.copy())
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5, err_msg=module)


def test_a_file_without_the_classifier_is_loaded_and_freezes_batch_norm(tmp_path):
    body = keras.applications.MobileNetV3Small(
        include_top=False, weights=None, input_shape=(64, 64, 3)
    )
    body.save_weights(tmp_path / "body.weights.h5")
    net = from_applications("MobileNetV3Small", 5, 32, weights=tmp_path / "body.weights.h5")
    for mine, its in zip(net.get_weights()[:-2], body.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, its)
    norms = [x for x in net.layers if isinstance(x, keras.layers.BatchNormalization)]
    assert norms
    assert not any(norm.trainable for norm in norms)


def efficientnet(**arguments):
    return from_applications("EfficientNetB0", classes=2, image_size=32, **arguments)


def assert_same_features(net, other):
    first, second = (
        logits(keras.Model(x.input, x.get_layer("avg_pool").output), images(2, 32))
        for x in (net, other)
    )
    np.testing.assert_allclose(first, second, rtol=0, atol=1e-4 * np.abs(second).max())


@pytest.fixture
def downloaded(tmp_path, monkeypatch):
    """A file in place of the one that Keras downloads for EfficientNetB0, of fewer blocks."""
    blocks = keras_efficientnet.DEFAULT_BLOCKS_ARGS[:2]
    monkeypatch.setattr(keras_efficientnet, "DEFAULT_BLOCKS_ARGS", blocks)
    body = keras.applications.EfficientNetB0(
        include_top=False, weights=None, input_shape=(32, 32, 3)
    )
    path = tmp_path / "efficientnetb0_notop.weights.h5"
    body.save_weights(path)
    digest = hashlib.md5(path.read_bytes()).hexdigest()
    monkeypatch.setitem(keras_efficientnet.WEIGHTS_HASHES, "b0", ("", digest))
    monkeypatch.setattr(file_utils, "get_file", lambda *args, **kwargs: str(path))
    return path


def test_a_downloaded_file_of_efficientnet_is_the_network_that_keras_makes_of_it(downloaded):
    """Keras builds a layer without weights for it, which it does not for a path."""
    ours, theirs = efficientnet(weights=downloaded), efficientnet(weights="imagenet")
    assert len(ours.layers) == len(theirs.layers) - 1
    assert_same_features(ours, theirs)


@pytest.mark.parametrize("weights", [None, "path", "imagenet"])
def test_a_file_that_an_efficientnet_wrote_is_the_network_that_it_was(
    weights, downloaded, tmp_path
):
    before = efficientnet(weights=downloaded if weights == "path" else weights)
    before.save_weights(tmp_path / "written.weights.h5")
    assert_same_features(efficientnet(weights=tmp_path / "written.weights.h5"), before)


def test_a_failed_download_is_one_sentence(tmp_path, monkeypatch):
    def no_network(url, *args):
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr(file_utils, "urlretrieve", no_network)
    # Away from what an earlier download may have left.
    monkeypatch.setattr(file_utils.config, "keras_home", lambda: str(tmp_path))
    with pytest.raises(ConnectionError, match=r"weights of MobileNetV3Small could not.*https://"):
        from_applications("MobileNetV3Small", classes=2, weights="imagenet")


def test_a_download_that_is_damaged_is_one_sentence(tmp_path, monkeypatch):
    body = keras.applications.MobileNetV2((32, 32, 3), alpha=1.0, include_top=False, weights=None)
    kernel, *others = body.layers[1].get_weights()
    body.layers[1].set_weights([np.full_like(kernel, np.nan), *others])
    body.save_weights(tmp_path / "kept.weights.h5")
    kept = str(tmp_path / "kept.weights.h5")
    monkeypatch.setattr(file_utils, "get_file", lambda *args, **kwargs: kept)
    sentence = "Received: \"Keras' download for MobileNetV2\", in which layer 'Conv1' has others"
    with pytest.raises(ValueError, match=sentence):
        from_applications("MobileNetV2", classes=2, weights="imagenet")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"name": "ResNet5", "classes": 2}, ValueError, "such as ResNet50.*name='ResNet5'"),
        ({"name": "preprocess_input", "classes": 2}, ValueError, "network of keras.applications"),
        ({"name": "ResNet50", "classes": 0}, ValueError, "`classes` must be"),
        ({"name": "ResNet50", "classes": 2, "image_size": 0}, ValueError, "`image_size` must be"),
        ({"name": "ResNet50", "classes": 2, "image_size": 16}, ValueError, "at least 32x32"),
        ({"name": "ResNet50", "classes": 2, "weights": "x.h5"}, FileNotFoundError, "'x.h5'"),
    ],
)
def test_wrong_arguments_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        from_applications(**arguments)
