"""AlexNet, the backbone of Mansilla et al. (2021)."""

import tempfile
from pathlib import Path

import keras
import numpy as np
from keras import layers

from dg_keras.backbones._arguments import check_arguments
from dg_keras.backbones._check_sha256 import check_sha256
from dg_keras.backbones._preprocessing import torch_preprocessing
from dg_keras.backbones._torch_checkpoint import read_checkpoint
from dg_keras.backbones._weights import (
    assign,
    choose,
    explain_failed_download,
    find,
    load,
)
from dg_keras.common.home import home, places

# (name, filters, kernel size, strides, padding, whether a pooling follows)
_CONVOLUTIONS = (
    ("conv1", 64, 11, 4, 2, True),
    ("conv2", 192, 5, 1, 2, True),
    ("conv3", 384, 3, 1, 1, False),
    ("conv4", 256, 3, 1, 1, False),
    ("conv5", 256, 3, 1, 1, True),
)
_POOLED_SIZE = 6
_UNITS = 4096
# Below it the last feature map is 1 x 1, which Keras' adaptive pooling cannot widen in a graph.
_SMALLEST_IMAGE = 95

CONVERTED = "alexnet.weights.h5"
CHECKPOINT = "alexnet-owt-7be5be79.pth"
_URL = f"https://download.pytorch.org/models/{CHECKPOINT}"
# Its first eight digits are in the name.
_SHA256 = "7be5be791159472b1fbf3c69796f7cb30dca7ad8466c2df70058c37116cdee02"
# The checkpoint's names of the layers with weights, in their order; `fc6` is the sixth.
_CHECKPOINT_FC6 = "classifier.1"
_CHECKPOINT_LAYERS = (
    *(f"features.{i}" for i in (0, 3, 6, 8, 10)),
    *(f"classifier.{i}" for i in (1, 4, 6)),
)


def AlexNet(
    classes: int,
    image_size: int = 224,
    weights: str | Path | None = None,
    dropout: float = 0.5,
    name: str = "alexnet",
) -> keras.Model:
    """Builds AlexNet in the one-tower form of Krizhevsky (2014, arXiv:1404.5997).

    Layer for layer the network that PyTorch users know as torchvision's `alexnet`: zeros are padded
    as there, and the last feature map is average-pooled to 6 x 6 where the images' size makes it
    another. All layers are stock Keras, so a saved network loads without `dg_keras`. The layers
    with weights are `conv1` to `conv5`, `fc6`, `fc7` and `classifier`; without BatchNorm there is
    nothing to freeze.

    Args:
        classes: Number of classes.
        image_size: Height and width of the images in pixels, at least 95. 224 is that of the
            paper's code and of the ImageNet weights. From 223 to 254, so with 227 too, the last
            feature map is 6 x 6 by itself.
        weights: None for a random initialization; `"imagenet"` for torchvision's weights; or a
            file that `save_weights` wrote for an `AlexNet` of any image size, or torchvision's
            `alexnet-owt-7be5be79.pth`. For `"imagenet"`, `alexnet.weights.h5` or the `.pth` is
            looked for in the checkout's `weights/`, then in `$DG_KERAS_HOME/weights`, by default
            `~/.dg_keras/weights`, and else downloaded to the latter (244 MB). The classifier is
            loaded where the file's has `classes` outputs, and initialized afresh otherwise.
        dropout: Fraction of the features dropped before `fc6` and before `fc7`.
        name: Name of the network.

    Returns:
        A Functional `keras.Model` from images `(batch, image_size, image_size, 3)`, RGB in 0..255,
        to logits `(batch, classes)`.

    Raises:
        ValueError: An argument is out of its range, or the file is of another network, damaged, or
            holds numbers that are not finite.
        FileNotFoundError: There is no file of weights.
        ConnectionError: `weights` is `"imagenet"`, and the file is neither there nor could it be
            downloaded.

    Examples:
        >>> net = dg_keras.backbones.AlexNet(classes=7, image_size=96)
        >>> net.output_shape
        (None, 7)
    """
    check_arguments(classes, image_size, smallest_image=_SMALLEST_IMAGE, dropout=dropout)
    path = choose(weights, imagenet=_imagenet_weights)

    inputs = keras.Input((image_size, image_size, 3), name="image")
    x = torch_preprocessing(inputs)
    for conv, filters, kernel_size, strides, padding, pooled in _CONVOLUTIONS:
        # Keras' "same" would pad the far side more than the near one.
        x = layers.ZeroPadding2D(padding, name=f"{conv}_padding")(x)
        x = layers.Conv2D(
            filters,
            kernel_size,
            strides,
            activation="relu",
            kernel_initializer="he_uniform",
            name=conv,
        )(x)
        if pooled:
            x = layers.MaxPooling2D(3, strides=2, name=f"{conv}_pool")(x)
    if x.shape[1] != _POOLED_SIZE:
        x = layers.AdaptiveAveragePooling2D(_POOLED_SIZE, name="pool")(x)
    x = layers.Flatten(name="flatten")(x)
    for dense in ("fc6", "fc7"):
        x = layers.Dropout(dropout, name=f"{dense}_dropout")(x)
        x = layers.Dense(_UNITS, activation="relu", kernel_initializer="he_uniform", name=dense)(x)
    logits = layers.Dense(classes, name="classifier")(x)
    net = keras.Model(inputs, logits, name=name)

    if path is not None and path.suffix == ".pth":
        assign(net, _read_torchvision(path), path)
    elif path is not None:
        load(net, path)
    return net


def _imagenet_weights() -> Path:
    """Finds torchvision's weights as they are or converted, or downloads them."""
    found = find(CONVERTED, CHECKPOINT)
    if found is not None:
        return found
    place = home() / "weights"
    if place.parts[0] == "~":
        raise FileNotFoundError(
            "DG_KERAS_HOME must be the folder to download weights into, where the user has no home"
        )
    place.mkdir(parents=True, exist_ok=True)
    folders = " or ".join(map(str, places("weights")))
    remedy = f"put {CHECKPOINT}, or {CONVERTED} made of it, into {folders}"
    # A folder of its own, so that no one finds a part of the file, nor writes to the same one.
    with (
        explain_failed_download("AlexNet", remedy),
        tempfile.TemporaryDirectory(dir=place) as folder,
    ):
        file = keras.utils.get_file(origin=_URL, file_hash=_SHA256, cache_subdir=folder)
        return Path(file).replace(place / CHECKPOINT)


def _read_torchvision(path: Path) -> list[list[np.ndarray]]:
    """Reads the kernel and bias of each layer from torchvision's checkpoint, in Keras' axes."""
    check_sha256(path, CHECKPOINT, _SHA256)
    tensors = read_checkpoint(path)
    groups = []
    for name in _CHECKPOINT_LAYERS:
        kernel = tensors[f"{name}.weight"]
        if name == _CHECKPOINT_FC6:
            # torchvision flattens (channels, height, width), Keras (height, width, channels).
            maps = kernel.reshape(len(kernel), -1, _POOLED_SIZE, _POOLED_SIZE)
            kernel = maps.transpose(0, 2, 3, 1).reshape(kernel.shape)
        axes = (2, 3, 1, 0) if kernel.ndim == 4 else (1, 0)
        groups.append([kernel.transpose(axes), tensors[f"{name}.bias"]])
    return groups
