import keras
import numpy as np
import pytest

from dg_keras.backbones import EfficientNetLite0, from_applications, split
from tests.backbones.helpers import assert_is_plain_keras, images, logits


@pytest.fixture(scope="module")
def net():
    return EfficientNetLite0(classes=8, image_size=32)


@pytest.fixture(scope="module")
def expected(net):
    return logits(net, images(2, 32))


@pytest.mark.parametrize("block", range(16))
def test_the_halves_are_the_whole(net, expected, block):
    front, tail = split(net, f"block{block}_output")
    np.testing.assert_array_equal(logits(tail, front(images(2, 32))), expected)

    ids = [{id(v) for v in part.variables} for part in (front, tail, net)]
    assert not ids[0] & ids[1]
    assert ids[0] | ids[1] == ids[2]


def test_training_the_tail_trains_the_net_behind_the_cut_only():
    net = EfficientNetLite0(classes=8, image_size=32, freeze_batch_norm=True)
    front, tail = split(net, "block14_output")
    batch, labels = images(4, 32), np.arange(4)
    before = logits(net, batch)
    front_before = [v.numpy() for v in front.variables]

    tail.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    tail.fit(logits(front, batch), labels, verbose=0)

    assert np.abs(logits(net, batch) - before).max() > 1e-4
    np.testing.assert_array_equal(logits(tail, front(batch)), logits(net, batch))
    for variable, value in zip(front.variables, front_before, strict=True):
        np.testing.assert_array_equal(variable, value)


def test_a_tail_is_a_network_as_any_other(net):
    _, tail = split(net, "block9_output")
    middle, end = split(tail, "block13_output")
    features = np.random.default_rng(0).normal(size=(2, *tail.input_shape[1:])).astype("float32")
    np.testing.assert_array_equal(logits(end, middle(features)), logits(tail, features))
    assert_is_plain_keras(tail, features)


def test_splits_what_keras_applications_has():
    net = from_applications("VGG16", classes=3, image_size=32)
    front, tail = split(net, "block4_pool")
    batch = images(2, 32)
    np.testing.assert_allclose(logits(tail, front(batch)), logits(net, batch), rtol=1e-5)


def test_a_layer_beside_a_residual_path_is_refused(net):
    with pytest.raises(ValueError, match=r"path goes around it.*layer='block2_expand_conv'"):
        split(net, "block2_expand_conv")


def test_a_layer_that_does_not_exist_is_refused_with_its_neighbours(net):
    with pytest.raises(ValueError, match=r"such as block5_output, .*layer='block51_output'"):
        split(net, "block51_output")
    with pytest.raises(ValueError, match=r"layer of 'efficientnet_lite0'. Received: layer='xyz'"):
        split(net, "xyz")


@pytest.mark.parametrize("layer", ["image", "classifier"])
def test_both_halves_must_have_layers(net, layer):
    with pytest.raises(ValueError, match="layers before and behind it"):
        split(net, layer)


def test_a_layer_that_is_called_twice_is_refused():
    inputs = keras.Input((4,))
    twice = keras.layers.Dense(4, name="twice")
    net = keras.Model(inputs, keras.layers.Dense(1)(twice(twice(inputs))), name="net")
    with pytest.raises(ValueError, match=r"'net' has 2 of it. Received: layer='twice'"):
        split(net, "twice")


def test_only_models_with_a_graph_of_one_output_are_split():
    class Subclassed(keras.Model):
        pass

    with pytest.raises(ValueError, match="`net` must be a Functional model"):
        split(Subclassed(), "layer")
    inputs = keras.Input((4,))
    two = [keras.layers.Dense(1)(inputs), keras.layers.Dense(1)(inputs)]
    with pytest.raises(ValueError, match=r"`net` must have one output\. Received: 2 outputs"):
        split(keras.Model(inputs, two), "layer")


def test_models_of_several_inputs_and_sequential_ones_are_split():
    one, two = keras.Input((4,), name="one"), keras.Input((4,), name="two")
    joined = keras.layers.Add(name="joined")([one, two])
    net = keras.Model({"one": one, "two": two}, keras.layers.Dense(3)(joined))
    batch = {name: np.random.default_rng(0).normal(size=(2, 4)) for name in ("one", "two")}
    front, tail = split(net, "joined")
    np.testing.assert_array_equal(tail(front(batch)), net(batch))
    net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, name="first"), net.layers[-1]])
    front, tail = split(net, "first")
    np.testing.assert_array_equal(tail(front(batch["one"])), net(batch["one"]))
