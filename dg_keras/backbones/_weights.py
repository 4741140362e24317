"""Where a backbone's weights are found, and how they are loaded."""

import os
from collections import Counter
from pathlib import Path

import h5py
import keras
import numpy as np

_CHECKOUT = Path(__file__).resolve().parents[2]
_KINDS = {
    keras.layers.BatchNormalization: "batch_normalization",
    keras.layers.Conv2D: "conv2d",
    keras.layers.Dense: "dense",
    keras.layers.DepthwiseConv2D: "depthwise_conv2d",
}


def find_shipped(file_name: str, how_to_make: str) -> Path:
    """Finds a weights file that ships with the project.

    Args:
        file_name: Its name in the checkout's `weights/`, or in `$DG_KERAS_HOME/weights`
            (`~/.dg_keras/weights` by default), which are looked at in this order.
        how_to_make: The command that makes it, for the error.

    Returns:
        The path of the file.

    Raises:
        FileNotFoundError: The file is in neither place.
    """
    home = Path(os.environ.get("DG_KERAS_HOME", "~/.dg_keras")).expanduser()
    places = [_CHECKOUT / "weights", home / "weights"]
    for place in places:
        if (place / file_name).is_file():
            return place / file_name
    raise FileNotFoundError(
        f"{file_name} is needed for `weights='imagenet'` and is not in {places[0]} "
        f"or {places[1]}; make it with `{how_to_make}`, see weights/README.md."
    )


def check_is_file(weights: str | Path, otherwise: str) -> Path:
    """Returns `weights` as the path of an existing file.

    Args:
        weights: The backbone's argument.
        otherwise: What else the argument could have been, for the error.

    Returns:
        The path.

    Raises:
        FileNotFoundError: There is no such file.
    """
    path = Path(weights)
    if not path.is_file():
        raise FileNotFoundError(
            f"`weights` must be {otherwise} or an existing file. Received: weights={str(weights)!r}"
        )
    return path


def load(net: keras.Model, path: Path) -> None:
    """Loads a file that `save_weights` wrote for the same architecture.

    Keras' own loading cannot leave out a classifier of other classes without leaving out, with
    warnings only, whatever else does not fit. Here everything but the classifier has to fit; the
    classifier, which is the last layer, is left as it is where the file's has other classes.

    Args:
        net: The network whose weights are set.
        path: A `.weights.h5` file.

    Raises:
        ValueError: The file belongs to another architecture, or is no such file.
    """
    requirement = f"`weights` must be a file that `save_weights` wrote for {net.name!r}"
    if not h5py.is_hdf5(path):
        raise ValueError(f"{requirement}. Received: {str(path)!r}, which is not HDF5")
    *body, classifier = (layer for layer in net.layers if layer.weights)
    with h5py.File(path) as file:
        groups = _groups(file, [*body, classifier])
    for layer, values in zip(body, groups, strict=False):
        shapes, expected = [v.shape for v in values], [tuple(v.shape) for v in layer.weights]
        if shapes != expected:
            raise ValueError(
                f"{requirement}, whose layer {layer.name!r} has weights of shapes {expected}. "
                f"Received: {str(path)!r}, with {shapes}"
            )
        layer.set_weights(values)
    if [v.shape for v in groups[-1]] == [tuple(v.shape) for v in classifier.weights]:
        classifier.set_weights(groups[-1])


def _groups(file: h5py.File, layers: list[keras.Layer]) -> list[list[np.ndarray]]:
    """The arrays that the file has for each layer; none where it does not have the layer."""
    seen = Counter()
    groups = []
    for layer in layers:
        # Keras' file calls layers after their class, and counts from the second of a class on.
        kind = _KINDS[type(layer)]
        group = file.get(
            f"layers/{kind}_{seen[kind]}/vars" if seen[kind] else f"layers/{kind}/vars"
        )
        seen[kind] += 1
        groups.append([group[str(i)][()] for i in range(len(group))] if group else [])
    return groups
