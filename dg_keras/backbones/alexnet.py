"""AlexNet, the backbone of Mansilla et al. (2021)."""

from pathlib import Path

import keras
from keras import layers

from dg_keras.backbones._arguments import check_classes, check_dropout, check_image_size
from dg_keras.backbones._preprocessing import torch_preprocessing
from dg_keras.backbones._weights import check_is_file, load

# (name, filters, kernel size, strides, padding, whether a pooling follows)
_CONVOLUTIONS = (
    ("conv1", 64, 11, 4, 2, True),
    ("conv2", 192, 5, 1, 2, True),
    ("conv3", 384, 3, 1, 1, False),
    ("conv4", 256, 3, 1, 1, False),
    ("conv5", 256, 3, 1, 1, True),
)
_POOLED_SIZE = 6
# Below it the last feature map is 1 x 1, which Keras' adaptive pooling cannot widen in a graph.
_SMALLEST_IMAGE = 95


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
        image_size: Height and width of the images in pixels, at least 95. From 223 to 254 the last
            feature map is 6 x 6 by itself.
        weights: None for a random initialization, or a file that `save_weights` wrote for an
            `AlexNet`, of any image size. The classifier is loaded where the file's has `classes`
            outputs, and initialized afresh otherwise.
        dropout: Fraction of the features dropped before `fc6` and before `fc7`.
        name: Name of the network.

    Returns:
        A Functional `keras.Model` from images `(batch, image_size, image_size, 3)`, RGB in 0..255,
        to logits `(batch, classes)`.

    Raises:
        ValueError: An argument is out of its range.
        FileNotFoundError: There is no file of weights.

    Example:
    >>> net = dg_keras.backbones.AlexNet(classes=7, image_size=96)
    >>> net.output_shape
    (None, 7)
    """
    check_classes(classes)
    check_image_size(image_size, smallest=_SMALLEST_IMAGE)
    check_dropout(dropout)
    path = None if weights is None else check_is_file(weights, "None")

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
        x = layers.Dense(4096, activation="relu", kernel_initializer="he_uniform", name=dense)(x)
    logits = layers.Dense(classes, name="classifier")(x)
    net = keras.Model(inputs, logits, name=name)

    if path is not None:
        load(net, path)
    return net
