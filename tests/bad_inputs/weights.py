"""Files that are no weights of the network that asks for them."""

import h5py
import keras
import numpy as np
import pytest

from dg_keras.backbones import AlexNet, EfficientNetLite0, alexnet, from_applications
from tests.bad_inputs.bad_input import BadInput


def of_file(wrong, spoil, says, name="net.weights.h5", error=ValueError):
    """A narrow AlexNet's own weights after `spoil`."""

    def give(folder):
        with pytest.MonkeyPatch.context() as patch:
            layers = [(name, 2, *rest) for name, _, *rest in alexnet._CONVOLUTIONS]
            patch.setattr(alexnet, "_CONVOLUTIONS", layers)
            patch.setattr(alexnet, "_UNITS", 4)
            net = AlexNet(classes=2, image_size=96)
            net.save_weights(folder / "net.weights.h5")
            spoil(folder / name)
            AlexNet(classes=2, image_size=96, weights=folder / name)

    return BadInput(wrong, give, says.replace("{file}", "{folder}/" + name), error)


def written(content):
    return lambda path: path.write_bytes(content)


def cut_off(path):
    path.write_bytes(path.read_bytes()[:-1000])


def filled(layer, value, index=0):
    """Puts a number into a layer's first array."""

    def spoil(path):
        with h5py.File(path, "r+") as file:
            array = file[f"layers/{layer}/vars/{index}"]
            values = array[()]
            values.flat[-1] = value
            array[...] = values

    return spoil


def without(name):
    def spoil(path):
        with h5py.File(path, "r+") as file:
            del file[name]

    return spoil


def of_text(path):
    with h5py.File(path, "r+") as file:
        del file["layers/conv2d/vars/0"]
        file["layers/conv2d/vars/0"] = "a text"


def of_another_shape(path):
    with h5py.File(path, "r+") as file:
        del file["layers/conv2d_1/vars/0"]
        file["layers/conv2d_1/vars/0"] = np.zeros((3, 3, 2, 2))


def of_another_network(path):
    keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 5)]).save_weights(path)


def shipped(content):
    """Something that took the place of the file that ships."""

    def give(folder):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("dg_keras.common.home._CHECKOUT", folder)
            (folder / "weights").mkdir()
            (folder / "weights" / "efficientnet_lite0.weights.h5").write_bytes(content)
            EfficientNetLite0(classes=2, image_size=32, weights="imagenet")

    return give


def of_keras(wrong, spoil, says, name="body.weights.h5"):
    """The weights of a network of keras.applications after `spoil`."""

    def give(folder):
        spoil(folder / name)
        from_applications("MobileNet", 2, 32, weights=folder / name)

    return BadInput(wrong, give, says.replace("{file}", "{folder}/" + name))


def mobilenet_with_a_nan(path):
    net = keras.applications.MobileNet(
        include_top=False, weights=None, input_shape=(32, 32, 3), pooling="avg"
    )
    layer = net.get_layer("conv1")
    layer.set_weights([np.full_like(array, np.nan) for array in layer.get_weights()])
    net.save_weights(path)


REQUIREMENT = "`weights` must be a file that `save_weights` wrote for 'alexnet'"
NOT_HDF5 = REQUIREMENT + ". Received: '{file}', which is not HDF5"
DAMAGED = REQUIREMENT + ". Received: '{file}', which is damaged, cut off or holds something else"
FINITE = "`weights` must be a file of finite numbers. Received: '{file}', in which layer "
FIRST = (
    REQUIREMENT + ", whose layer 'conv1' has weights of shapes [(11, 11, 3, 2), (2,)]. Received: "
    "'{file}', with "
)
KERAS = (
    "`weights` must be a file of 'mobilenet_1.00_32' without the classifier, as Keras downloads it "
    "(`*_notop.h5`) or writes it (`*.weights.h5`). Received: '{file}', which does not fit, or is "
    "damaged"
)
SHA256 = "e86ac8c1db9805afd9ec862610dcd9ce91c7e4b3a78a7a61fe0d1ce0131e3c48"

ROWS = [
    of_file("weights are empty", written(b""), NOT_HDF5),
    of_file("weights are a text", written(b"a"), NOT_HDF5),
    of_file("weights are cut off", cut_off, DAMAGED),
    of_file("weights of which an array is missing", without("layers/conv2d/vars/0"), DAMAGED),
    of_file("weights of which an array is a text", of_text, DAMAGED),
    of_file("weights without a layer", without("layers/conv2d"), FIRST + "[]"),
    of_file("weights without layers", without("layers"), FIRST + "[]"),
    of_file("weights of another network", of_another_network, FIRST + "[(5, 5, 3, 4), (4,)]"),
    of_file(
        "weights of another shape",
        of_another_shape,
        REQUIREMENT + ", whose layer 'conv2' has weights of shapes [(5, 5, 2, 2), (2,)]. Received: "
        "'{file}', with [(3, 3, 2, 2), (2,)]",
    ),
    of_file("weights with a NaN", filled("conv2d", np.nan), FINITE + "'conv1' has others"),
    of_file("weights with an infinity", filled("dense", np.inf), FINITE + "'fc6' has others"),
    of_file(
        "a classifier with a NaN", filled("dense_2", np.nan, 1), FINITE + "'classifier' has others"
    ),
    of_file(
        "a checkpoint that is none of torchvision's",
        written(b"PK"),
        "alexnet-owt-7be5be79.pth must be whole and have sha256 "
        "7be5be791159472b1fbf3c69796f7cb30dca7ad8466c2df70058c37116cdee02. Received: '{file}' with "
        "fcab7fcc2b4cffd9bb45003bfc2e468a04ef6f77ca8200a7341f027631584d25",
        "net.pth",
    ),
    of_file(
        "a folder of weights",
        lambda path: path.mkdir(),
        "`weights` must be None, 'imagenet' or an existing file. Received: weights='{file}'",
        "net.h5",
        FileNotFoundError,
    ),
    BadInput(
        "a word that is no file of weights",
        lambda folder: EfficientNetLite0(2, 32, weights="image_net"),
        "`weights` must be None, 'imagenet' or an existing file. Received: weights='image_net'",
        FileNotFoundError,
    ),
    BadInput(
        "the file that ships was overwritten",
        shipped(b"something else"),
        f"efficientnet_lite0.weights.h5 must be whole and have sha256 {SHA256}. Received: "
        "'{folder}/weights/efficientnet_lite0.weights.h5' with "
        "f41f3fa625ff120ddca7ef456bf66371ecea23c129f4e4c32367101edb516cf8",
    ),
    of_keras("weights for keras.applications are a text", written(b"a"), KERAS),
    of_keras("weights for keras.applications are of another network", of_another_network, KERAS),
    of_keras(
        "weights for keras.applications with a NaN",
        mobilenet_with_a_nan,
        FINITE + "'conv1' has others",
    ),
]
