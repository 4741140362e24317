"""Where a backbone's weights are found, and how they are loaded."""

import contextlib
import urllib.error
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import keras
import numpy as np

from dg_keras.common.home import places

_KINDS = {
    keras.layers.BatchNormalization: "batch_normalization",
    keras.layers.Conv2D: "conv2d",
    keras.layers.Dense: "dense",
    keras.layers.DepthwiseConv2D: "depthwise_conv2d",
}


def find(*names: str) -> Path | None:
    """Finds the first of `names` in the first of the weights' `places` that has any of them."""
    paths = (place / name for place in places("weights") for name in names)
    return next((path for path in paths if path.is_file()), None)


def choose(weights: str | Path | None, imagenet: Callable[[], Path]) -> Path | None:
    """Finds the file that a backbone's argument `weights` stands for.

    Args:
        weights: The argument.
        imagenet: Finds the file that `"imagenet"` stands for.

    Returns:
        The path of the file, or None for a random initialization.

    Raises:
        FileNotFoundError: There is no such file.
    """
    if weights is None:
        return None
    return imagenet() if weights == "imagenet" else check_is_file(weights)


def check_is_file(weights: str | Path) -> Path:
    """Returns `weights` as a path, or raises a `FileNotFoundError` if there is no such file."""
    path = Path(weights)
    if not path.is_file():
        raise FileNotFoundError(
            f"`weights` must be None, 'imagenet' or an existing file. "
            f"Received: weights={str(weights)!r}"
        )
    return path


@contextlib.contextmanager
def explain_failed_download(network: str, remedy: str) -> Iterator[None]:
    """Makes one sentence of a failed download by Keras.

    Args:
        network: Whose ImageNet weights are downloaded.
        remedy: What to do without a network.

    Raises:
        ConnectionError: The download failed.
    """
    try:
        yield
    except Exception as error:
        # keras.utils.get_file raises a bare Exception in place of the download's own error.
        if not isinstance(error.__context__, urllib.error.URLError):
            raise
        raise ConnectionError(
            f"The ImageNet weights of {network} could not be downloaded ({error}); {remedy}."
        ) from error


def load(net: keras.Model, path: Path) -> None:
    """Loads a file that `save_weights` wrote for the same architecture, as `assign` does.

    Keras' own loading cannot leave out a classifier of other classes without leaving out, with
    warnings only, whatever else does not fit.

    Args:
        net: The network whose weights are set.
        path: A `.weights.h5` file.

    Raises:
        ValueError: The file belongs to another architecture, is no such file or damaged, or holds
            numbers that are not finite.
    """
    if not h5py.is_hdf5(path):
        raise ValueError(f"{_requirement(net)}. Received: {str(path)!r}, which is not HDF5")
    layers = [layer for layer in net.layers if layer.weights]
    try:
        with h5py.File(path) as file:
            groups = [_arrays(group) for group in _groups(file, layers)]
    except Exception as error:  # h5py raises some six kinds on damaged files
        raise ValueError(
            f"{_requirement(net)}. Received: {str(path)!r}, which is damaged, cut off or holds "
            "something else"
        ) from error
    assign(net, groups, path)


def assign(net: keras.Model, groups: list[list[np.ndarray]], path: Path) -> None:
    """Gives each layer that has weights its arrays.

    Everything but the classifier has to fit; the classifier, which is the last layer, is left as
    it is where its arrays are of other classes.

    Args:
        net: The network whose weights are set.
        groups: The arrays of each layer.
        path: The file they are from, for the error.

    Raises:
        ValueError: The arrays belong to another architecture, or are not finite.
    """
    *body, classifier = (layer for layer in net.layers if layer.weights)
    for layer, values in zip(body, groups, strict=False):
        shapes, expected = [v.shape for v in values], [tuple(v.shape) for v in layer.weights]
        if shapes != expected:
            raise ValueError(
                f"{_requirement(net)}, whose layer {layer.name!r} has weights of shapes {expected}."
                f" Received: {str(path)!r}, with {shapes}"
            )
        _set(layer, values, path)
    if [v.shape for v in groups[-1]] == [tuple(v.shape) for v in classifier.weights]:
        _set(classifier, groups[-1], path)


def check_finite(weights: list[np.ndarray], layer: str, path: Path | str) -> None:
    """Raises a `ValueError` if a layer's weights are no finite numbers, naming it and the file."""
    if not all(np.isfinite(array).all() for array in weights):
        raise ValueError(
            f"`weights` must be a file of finite numbers. Received: {str(path)!r}, in which layer "
            f"{layer!r} has others"
        )


def _set(layer: keras.Layer, weights: list[np.ndarray], path: Path) -> None:
    check_finite(weights, layer.name, path)
    layer.set_weights(weights)


def _requirement(net: keras.Model) -> str:
    return f"`weights` must be a file that `save_weights` wrote for {net.name!r}"


def _groups(file: h5py.File, layers: list[keras.Layer]) -> list[h5py.Group | None]:
    """What the file has for each layer; None where it does not have the layer."""
    seen: Counter[str] = Counter()
    groups = []
    for layer in layers:
        # Keras' file calls layers after their class, and counts from the second of a class on.
        kind = _KINDS[type(layer)]
        name = f"{kind}_{seen[kind]}" if seen[kind] else kind
        groups.append(file.get(f"layers/{name}/vars"))
        seen[kind] += 1
    return groups


def _arrays(group: h5py.Group | None) -> list[np.ndarray]:
    if group is None:
        return []
    return [group[str(i)][()].astype("float32", copy=False) for i in range(len(group))]
