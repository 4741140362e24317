"""What a grid search chose, as a config that can be run."""

import pandas as pd

from dg_keras.benchmark.config import Config
from dg_keras.benchmark.grid_means import ALL_TARGETS


def chosen_config(config: Config, means: pd.DataFrame) -> Config:
    """The experiment of a grid search with the settings that were chosen, and without the search.

    Args:
        config: The experiment, with a `grid`.
        means: From `grid_means`. A method that it lacks keeps the settings that it had.

    Returns:
        The experiment, to be trained and tested.
    """
    chosen = means[means["chosen"]]
    methods = []
    for method in config.methods:
        settings = {
            row.target: {
                "learning_rate": float(row.learning_rate),
                "weight_decay": float(row.weight_decay),
            }
            for row in chosen[chosen["method"] == method.name].itertuples()
        }
        for_all = settings.pop(ALL_TARGETS, {}) if config.grid.choose == "for_all" else {}
        methods.append({**method.model_dump(), **for_all, "targets": settings})
    content = {**config.model_dump(exclude={"grid"}), "methods": methods}
    return Config.model_validate({**content, "name": f"{config.name}_chosen"})
