"""Any network of keras.applications, ready for RGB images in 0..255."""

import difflib
import inspect
from collections.abc import Callable
from pathlib import Path

import keras

from dg_keras.backbones._arguments import check_arguments
from dg_keras.backbones._batch_norm import freeze_batch_norm_layers
from dg_keras.backbones._fresh_names import fresh_names
from dg_keras.backbones._preprocessing import (
    caffe_preprocessing,
    no_preprocessing,
    tf_preprocessing,
    torch_preprocessing,
)
from dg_keras.backbones._second_rescaling import fold_second_rescaling, has_second_rescaling
from dg_keras.backbones._weights import (
    check_finite,
    check_is_file,
    explain_failed_download,
)

# By the module of keras.applications that defines the network. What those modules' own
# preprocess_input does is told by their source only.
_PREPROCESSING = {
    "convnext": no_preprocessing,
    "densenet": torch_preprocessing,
    "efficientnet": no_preprocessing,
    "efficientnet_v2": no_preprocessing,
    "inception_resnet_v2": tf_preprocessing,
    "inception_v3": tf_preprocessing,
    "mobilenet": tf_preprocessing,
    "mobilenet_v2": tf_preprocessing,
    "mobilenet_v3": no_preprocessing,
    "nasnet": tf_preprocessing,
    "resnet": caffe_preprocessing,
    "resnet_v2": tf_preprocessing,
    "vgg16": caffe_preprocessing,
    "vgg19": caffe_preprocessing,
    "xception": tf_preprocessing,
}


def from_applications(
    name: str,
    classes: int,
    image_size: int = 224,
    weights: str | Path | None = None,
    freeze_batch_norm: bool | None = None,
    dropout: float = 0.0,
) -> keras.Model:
    """Builds a network of keras.applications with its preprocessing inside, for new classes.

    The images that went through the family's `preprocess_input` in the original are plain RGB in
    0..255 here. All layers are stock Keras, under the names they have in keras.applications, which
    are those that `dg_keras.backbones.split` takes, however many networks were built before.

    Args:
        name: The network's function in keras.applications, such as `"ResNet50"`,
            `"MobileNetV3Small"` or `"EfficientNetV2B0"`.
        classes: Number of classes.
        image_size: Height and width of the images in pixels; the smallest possible is the
            network's own, 32 for most.
        weights: None for a random initialization, `"imagenet"` for the weights that Keras
            downloads, or the file of such weights without the classifier (`*_notop.h5`).
        freeze_batch_norm: Whether BatchNorm keeps its statistics, and its gamma and beta, as they
            are (`trainable=False`, so setting `net.trainable` undoes it). None means yes with
            `weights` and no without.
        dropout: Fraction of the pooled features dropped before the classifier.

    Returns:
        A Functional `keras.Model` from images `(batch, image_size, image_size, 3)`, RGB in 0..255,
        to logits `(batch, classes)`.

    Raises:
        ValueError: There is no such network, an argument is out of its range, or the file is of
            another network, damaged, or holds numbers that are not finite.
        FileNotFoundError: There is no file of weights.
        ConnectionError: `weights` is `"imagenet"` and Keras could not download them.

    Examples:
        >>> net = dg_keras.backbones.from_applications("MobileNetV2", classes=7, image_size=96)
        >>> net.output_shape
        (None, 7)
    """
    application = _application(name)
    check_arguments(classes, image_size, smallest_image=1, dropout=dropout)
    path = None if weights in (None, "imagenet") else check_is_file(weights)

    inputs = keras.Input((image_size, image_size, 3), name="image")
    module = application.__module__.rpartition(".")[2]
    remedy = "fetch the file by other means and pass its path as `weights`"
    with explain_failed_download(name, remedy), fresh_names():
        body = application(
            include_top=False,
            weights=None if path is not None else weights,
            input_tensor=_PREPROCESSING[module](inputs),
            input_shape=(image_size, image_size, 3),
            pooling="avg",
        )
    if path is not None:
        _load(body, path, module)
    if weights is not None:  # of MobileNet and MobileNetV2 Keras compares no hash
        for layer in body.layers:
            check_finite(layer.get_weights(), layer.name, path or f"Keras' download for {name}")
    x = keras.layers.Dropout(dropout, name="dropout")(body.output)
    logits = keras.layers.Dense(classes, name="classifier")(x)
    net = keras.Model(inputs, logits, name=body.name)

    if freeze_batch_norm or (freeze_batch_norm is None and weights is not None):
        freeze_batch_norm_layers(net)
    return net


def _load(body: keras.Model, path: Path, module: str) -> None:
    """Loads a file of weights of a module of keras.applications, as that does with its download."""
    try:
        body.load_weights(path)
        if module == "efficientnet" and has_second_rescaling(path):
            fold_second_rescaling(body)
    except Exception as error:  # Keras and h5py raise some six kinds on files that don't fit
        raise ValueError(
            f"`weights` must be a file of {body.name!r} without the classifier, as Keras downloads "
            f"it (`*_notop.h5`) or writes it (`*.weights.h5`). Received: {str(path)!r}, which does "
            "not fit, or is damaged"
        ) from error


def applications() -> dict[str, Callable[..., keras.Model]]:
    """The networks of keras.applications by their names."""
    return dict(inspect.getmembers(keras.applications, inspect.isfunction))


def _application(name: str) -> Callable[..., keras.Model]:
    """The function of keras.applications called `name`."""
    known = applications()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
        raise ValueError(
            f"`name` must be a network of keras.applications"
            f"{', such as ' + ', '.join(near) if near else ''}. Received: name={name!r}"
        )
    return known[name]
