"""The layer that keras.applications gives EfficientNet with weights it downloads, and no others."""

import hashlib
from pathlib import Path

import h5py
import keras
import numpy as np
from keras.src.applications import efficientnet


def has_second_rescaling(path: Path) -> bool:
    """Tells whether a file's weights were trained behind a second `Rescaling`.

    Keras' own were (https://github.com/tensorflow/tensorflow/issues/49930), and it builds the layer
    with `weights="imagenet"` alone. As the layer has no weights, no loading misses it.

    Args:
        path: A file of EfficientNet's weights, in HDF5.

    Returns:
        Whether it is one that Keras downloads, or was written by a network that has the layer.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if any(digest == without_top for _, without_top in efficientnet.WEIGHTS_HASHES.values()):
        return True
    names: list[str] = []
    with h5py.File(path) as file:
        file.visit(names.append)  # layers without weights have groups, too
    return sum(name.rpartition("/")[2].startswith("rescaling") for name in names) > 1


def fold_second_rescaling(body: keras.Model) -> None:
    """Multiplies a stem's kernel by what the layer before it would multiply its inputs by.

    That is the same, as the convolution has no bias and pads with zeros.

    Args:
        body: An EfficientNet of keras.applications without that layer.
    """
    stem = body.get_layer("stem_conv")
    (kernel,) = stem.get_weights()
    scale = 1 / np.sqrt(efficientnet.IMAGENET_STDDEV_RGB)
    stem.set_weights([(kernel * scale[:, None]).astype(kernel.dtype)])
