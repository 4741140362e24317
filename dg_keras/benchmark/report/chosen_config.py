"""What a grid search chose, as a config that can be run."""

import pandas as pd

from dg_keras.benchmark.config.config import CHOSEN, SHARED, Config
from dg_keras.benchmark.config.grid_settings import with_shared, without
from dg_keras.benchmark.report.grid_means import ALL_TARGETS


def chosen_config(config: Config, means: pd.DataFrame) -> Config | None:
    """The experiment of a grid search with the settings that were chosen, and without the search.

    Args:
        config: The experiment, with a `grid`.
        means: From `grid_means`. A method that it lacks keeps the settings that it had.

    Returns:
        The experiment, to be trained and tested; None where runs of every setting diverged, for
        some method.
    """
    chosen = means[means["chosen"]]
    wanted = means[["method", "target"]].drop_duplicates()
    if len(chosen) < len(wanted):
        return None
    own = [name for name in config.search.searched if name not in SHARED]
    methods = []
    for method in config.methods:
        of_method = chosen[chosen["method"] == method.name].set_index("target")
        settings = of_method[own].to_dict("index")
        for_all = settings.pop(ALL_TARGETS, {}) if config.search.choose == "for_all" else {}
        # Of the other settings a method keeps its own, where a domain is held out, too.
        kept = {t: s.model_dump(exclude_none=True) for t, s in without(method.targets, own).items()}
        targets = {t: {**kept.get(t, {}), **settings.get(t, {})} for t in [*kept, *settings]}
        methods.append({**method.model_dump(), **for_all, "targets": targets})
    shared = [name for name in config.search.searched if name in SHARED]
    # With these there is one method and one choice for all; without them the row says nothing.
    best = with_shared(config, chosen[shared].astype(object).to_dict("records")[0])
    content = {**best.model_dump(exclude={"grid"}), "methods": methods}
    return Config.model_validate({**content, "name": f"{config.name}{CHOSEN}"})
