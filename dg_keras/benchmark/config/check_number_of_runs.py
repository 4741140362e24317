"""How many runs a config may describe."""

import math

from dg_keras.benchmark.config.config import Config

_MOST = 100_000


def check_number_of_runs(config: Config, targets: int) -> None:
    """Raises ValueError where there are so many runs that no one can mean them.

    Args:
        config: The experiment.
        targets: The number of domains that are held out.
    """
    searched = config.grid.searched if config.grid else {}
    settings = math.prod(len(values) for values in searched.values())
    methods, trials = len(config.methods), config.trials
    runs = trials * settings * targets * methods
    if runs > _MOST:
        raise ValueError(
            f"An experiment must be at most {_MOST:,} runs. Received: {runs:,}, which are {trials} "
            f"`trials` x {settings} settings of the `grid` x {targets} `targets` x {methods} "
            "`methods`"
        )
