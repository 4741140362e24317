"""The network of an experiment."""

import random

import keras

from dg_keras import backbones
from dg_keras.benchmark.config.config import Config


def build_trained(
    config: Config, classes: int, seed: int
) -> tuple[keras.Model | None, keras.Model]:
    """Builds the frozen front, if there is one, and the network that is trained.

    Args:
        config: The experiment.
        classes: Number of classes.
        seed: What their random weights depend on, and nothing else.

    Raises:
        ValueError: If the config's `backbone` can't be built.
        FileNotFoundError: If its weights are not there.
        ConnectionError: If its weights can't be downloaded.
    """
    # From here layers take the seeds of their weights and of the generators that they own. After
    # Keras' `set_random_seed` TensorFlow makes each traced function ready anew, for half a second.
    random.seed(seed)
    backbone = config.backbone
    try:
        net = backbones.get(
            backbone.name,
            classes=classes,
            image_size=config.data.image_size,
            weights=backbone.weights,
            **backbone.arguments,
        )
    except ValueError as error:
        raise ValueError(f"`backbone`: {error}") from error
    if not backbone.train_from:
        return None, net
    try:
        return backbones.split(net, backbone.train_from)
    except ValueError as error:
        raise ValueError(f"`backbone.train_from`: {error}") from error
