"""EfficientNet-Lite0: a small network whose ImageNet weights ship with the project."""

from pathlib import Path

import keras
from keras import layers

from dg_keras.backbones._arguments import check_arguments
from dg_keras.backbones._batch_norm import freeze_batch_norm_layers
from dg_keras.backbones._check_sha256 import check_sha256
from dg_keras.backbones._weights import choose, find, load
from dg_keras.common.home import places

# (blocks, kernel size, stride of the first block, expansion, filters)
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
# The kernel initializer of Tan and Le (2019).
_INITIALIZER = {
    "class_name": "VarianceScaling",
    "config": {"scale": 2.0, "mode": "fan_out", "distribution": "untruncated_normal"},
}
SHIPPED = "efficientnet_lite0.weights.h5"
_SHA256 = "e86ac8c1db9805afd9ec862610dcd9ce91c7e4b3a78a7a61fe0d1ce0131e3c48"


def EfficientNetLite0(
    classes: int,
    image_size: int = 224,
    weights: str | Path | None = None,
    freeze_batch_norm: bool | None = None,
    dropout: float = 0.2,
    name: str = "efficientnet_lite0",
) -> keras.Model:
    """Builds EfficientNet-Lite0 (Liu et al., 2020), a network of 4.7 million weights.

    It is EfficientNet-B0 (Tan and Le, 2019) without squeeze-and-excitation and with ReLU6; the
    original's stochastic depth is left out. All layers are stock Keras, so a saved network loads
    without `dg_keras`; the 1x1 convolutions are `Dense` layers on the channels, which train faster.

    The 16 inverted-residual blocks are numbered 0 to 15, and a layer is named after its block and
    its part: `block11_expand_conv`, `block11_expand_bn`, `block11_expand_relu`, then
    `..._depthwise_{conv,bn,relu}`, `..._project_{conv,bn}`. The last layer of block `i` is always
    `block{i}_output`, where `dg_keras.backbones.split` can cut. Around the blocks are
    `stem_{conv,bn,relu}`, `head_{conv,bn,relu}`, `pool`, `dropout` and `classifier`.

    Args:
        classes: Number of classes.
        image_size: Height and width of the images in pixels, at least 32. The pretrained weights
            were trained at 224 and load at any size.
        weights: None for a random initialization, `"imagenet"` for the weights that ship with the
            project (looked for in the checkout's `weights/`, in `$DG_KERAS_HOME/weights`, by
            default `~/.dg_keras/weights`, and in the package `dg_keras_data`), or a file that
            `save_weights` wrote. The classifier is loaded where the file's has `classes` outputs,
            and initialized afresh otherwise.
        freeze_batch_norm: Whether BatchNorm keeps its statistics, and its gamma and beta, as they
            are (`trainable=False`, so setting `net.trainable` undoes it). None means yes with
            `weights` and no without.
        dropout: Fraction of the features dropped before the classifier.
        name: Name of the network.

    Returns:
        A Functional `keras.Model` from images `(batch, image_size, image_size, 3)`, RGB in 0..255,
        to logits `(batch, classes)`.

    Raises:
        ValueError: An argument is out of its range, or the file is of another network, damaged,
            holds numbers that are not finite, or is not the one that ships.
        FileNotFoundError: There is no file of weights.

    Examples:
            >>> net = dg_keras.backbones.EfficientNetLite0(classes=7, image_size=96)
            >>> net.output_shape
            (None, 7)
    """
    check_arguments(classes, image_size, smallest_image=32, dropout=dropout)
    path = choose(weights, imagenet=_imagenet_weights)

    inputs = keras.Input((image_size, image_size, 3), name="image")
    x = layers.Rescaling(1 / 128, offset=-127 / 128, name="rescaling")(inputs)
    x = layers.Conv2D(
        filters=32,
        kernel_size=3,
        strides=2,
        padding="same",
        use_bias=False,
        kernel_initializer=_INITIALIZER,
        name="stem_conv",
    )(x)
    x = _relu6(_batch_norm(x, "stem"), "stem")
    index = 0
    for blocks, kernel_size, strides, expansion, filters in _STAGES:
        for first in [True] + [False] * (blocks - 1):
            x = _block(x, index, kernel_size, strides if first else 1, expansion, filters)
            index += 1
    x = _relu6(_pointwise_conv(x, "head", filters=1280), "head")
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    logits = layers.Dense(classes, name="classifier")(x)
    net = keras.Model(inputs, logits, name=name)

    if path is not None:
        load(net, path)
    if freeze_batch_norm or (freeze_batch_norm is None and path is not None):
        freeze_batch_norm_layers(net)
    return net


def _imagenet_weights() -> Path:
    """Finds the file that ships with the project, and nothing that took its place."""
    path = find(SHIPPED)
    if path is None:
        raise FileNotFoundError(
            f"{SHIPPED} is needed for `weights='imagenet'` and is not in "
            f"{' or '.join(map(str, places('weights')))}; the package `dg_keras_data` brings it, "
            "or make it with `python -m weights.convert_efficientnet_lite0 SOURCE`, see "
            "weights/README.md."
        )
    check_sha256(path, SHIPPED, _SHA256)
    return path


def _block(
    x: keras.KerasTensor,
    index: int,
    kernel_size: int,
    strides: int,
    expansion: int,
    filters: int,
) -> keras.KerasTensor:
    """Expands the channels, filters each of them, projects them to `filters`."""
    name = f"block{index}"
    shortcut = x
    if expansion != 1:
        x = _pointwise_conv(x, f"{name}_expand", expansion * x.shape[-1])
        x = _relu6(x, f"{name}_expand")
    x = layers.DepthwiseConv2D(
        kernel_size,
        strides,
        padding="same",
        use_bias=False,
        depthwise_initializer=_INITIALIZER,
        name=f"{name}_depthwise_conv",
    )(x)
    x = _relu6(_batch_norm(x, f"{name}_depthwise"), f"{name}_depthwise")
    x = _pointwise_conv(x, f"{name}_project", filters)
    if strides == 1 and shortcut.shape[-1] == filters:
        return layers.Add(name=f"{name}_output")([shortcut, x])
    # An Identity, so that the name of a block's end does not depend on its shape.
    return layers.Identity(name=f"{name}_output")(x)


def _pointwise_conv(x: keras.KerasTensor, name: str, filters: int) -> keras.KerasTensor:
    """A 1x1 convolution and its BatchNorm."""
    # Dense on the channels is the same function. On a CPU its gradient takes a fifth to a half of
    # the time where the feature maps are small, which is where such networks are fine-tuned.
    x = layers.Dense(filters, use_bias=False, kernel_initializer=_INITIALIZER, name=f"{name}_conv")(
        x
    )
    return _batch_norm(x, name)


def _batch_norm(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return layers.BatchNormalization(momentum=0.99, epsilon=1e-3, name=f"{name}_bn")(x)


def _relu6(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return layers.ReLU(max_value=6, name=f"{name}_relu")(x)
