"""What a grid search came to, and what it chooses."""

from collections.abc import Sequence

import pandas as pd

from dg_keras.benchmark.config.config import Config
from dg_keras.benchmark.config.grid_settings import grid_settings
from dg_keras.benchmark.records.record import Record

ALL_TARGETS = "all"
"""What stands for the target where one setting is chosen for all."""


def grid_means(config: Config, records: Sequence[Record]) -> pd.DataFrame:
    """The mean validation accuracy of each setting, and which setting each method gets.

    A run is validated on its sources alone. With `choose: per_target` the setting for a held-out
    domain is chosen from the runs in which it was held out. With `choose: for_all` all runs of a
    setting are averaged, so that the setting for a domain is chosen in part by runs in which that
    domain was a source.

    Args:
        config: The experiment, with a `grid`.
        records: Those of the runs that have been done.

    Returns:
        One row per method, target and setting that has been run, each setting ascending in the
        order of `Grid`: `method` (its name without the setting), `target` (`"all"` with `for_all`),
        a column per setting that is searched, `validation_accuracy` (mean over the runs that did
        not diverge, in 0..1; not a number where all did), `runs` (their number, those that diverged
        included), `diverged` (how many did), and `chosen`: True in one row per method and target,
        the best of those that have been run most often, on the same held-out domains and trials,
        and never diverged; of equals the first. In none, where all of these diverged.
    """
    settings = {
        trained.name: (name, *setting.values.values())
        for setting in grid_settings(config)
        for name, trained in setting.methods.items()
    }
    searched = config.search.searched
    per_target = config.search.choose == "per_target"
    keys = ["method", *searched, "target"]
    rows = [
        (
            *settings[record.method],
            record.target if per_target else ALL_TARGETS,
            record.result.validation_accuracy if record.result else None,
            (record.target, record.trial),
        )
        for record in records
    ]
    runs = pd.DataFrame(rows, columns=[*keys, "validation_accuracy", "run"])
    runs["validation_accuracy"] = runs["validation_accuracy"].astype(float)
    by_setting = runs.groupby(keys, sort=False)
    means = by_setting["validation_accuracy"].agg(["mean", "size", "count"])
    means["run"] = by_setting["run"].agg(frozenset)
    means["diverged"] = means["size"] - means.pop("count")
    means = means.rename(columns={"mean": "validation_accuracy", "size": "runs"}).reset_index()
    # Layers come in the order that the config has them in: their names do not tell it.
    means = means.sort_values(
        list(searched),
        kind="stable",
        ignore_index=True,
        key=lambda c: c.map(searched[c.name].index) if c.name == "train_from" else c,
    )
    means["chosen"] = False
    for _, of_one in means.groupby(["method", "target"], sort=False):
        # Means over other runs, in a search that is not done, tell nothing of the settings.
        most = of_one["run"][of_one["runs"].idxmax()]
        comparable = of_one[of_one["run"] == most]
        sound = comparable[comparable["diverged"] == 0]
        if not sound.empty:
            means.loc[sound["validation_accuracy"].idxmax(), "chosen"] = True
    return means.drop(columns="run")
