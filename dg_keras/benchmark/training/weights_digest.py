"""Tells an experiment's pretrained weights from others."""

from dg_keras import backbones
from dg_keras.benchmark.config.config import Config
from dg_keras.common.file_digest import file_digest


def weights_digest(config: Config) -> str | None:
    """The SHA-256 of the file of weights, as it lies there now.

    Args:
        config: The experiment.

    Returns:
        None where there is no such file; see `dg_keras.backbones.weights_file`.
    """
    path = backbones.weights_file(config.backbone.name, config.backbone.weights)
    return None if path is None else file_digest(path)
