"""How many of a grid search's settings have been run."""

import pandas as pd

from dg_keras.benchmark.config.config import Config


def settings_tried(config: Config, means: pd.DataFrame) -> str:
    """The number of settings that one is chosen of, and of how many, where some are missing.

    Such as "9", "2 of 9", or "2 to 3 of 9" where a method or held-out domain lacks more than
    another.

    Args:
        config: The experiment, with a `grid`.
        means: From `grid_means`.
    """
    every = len(config.search.settings)
    tried = means.groupby(["method", "target"]).size()
    fewest, most = tried.min(), tried.max()
    if fewest == every:
        return f"{every}"
    return f"{fewest} of {every}" if fewest == most else f"{fewest} to {most} of {every}"
