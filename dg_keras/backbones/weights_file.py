"""The file that a network's weights come from."""

from pathlib import Path

from dg_keras.backbones import alexnet, efficientnet_lite0
from dg_keras.backbones._weights import find

_IMAGENET = {
    "alexnet": (alexnet.CONVERTED, alexnet.CHECKPOINT),
    "efficientnet_lite0": (efficientnet_lite0.SHIPPED,),
}


def weights_file(name: str, weights: str | Path | None) -> Path | None:
    """Finds the file that a network's argument `weights` stands for, and downloads none.

    Args:
        name: One of `dg_keras.backbones.names()`.
        weights: The argument.

    Returns:
        The path of the file; None for random weights, for those that Keras itself downloads and
        keeps, and where the file is not there.
    """
    if weights is None:
        return None
    if weights == "imagenet":
        return find(*_IMAGENET.get(name, ()))
    path = Path(weights)
    return path if path.is_file() else None
