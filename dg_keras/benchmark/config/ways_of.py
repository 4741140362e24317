"""In how many ways an experiment trains its network."""

from collections.abc import Collection

from dg_keras.benchmark.config.config import Config
from dg_keras.benchmark.config.grid_settings import grid_settings


def ways_of(config: Config, targets: Collection[str]) -> int:
    """The number of its methods with a setting of the optimizer, each of which is traced once.

    Args:
        config: The experiment, with one of the values of what a grid has the methods share.
        targets: The domains that may be held out, on which a method's setting may depend.
    """
    methods = [
        method
        for setting in grid_settings(config)
        if setting.config == config
        for method in setting.methods.values()
    ]
    return len({(m.name, config.optimizer_of(m, target)) for m in methods for target in targets})
