"""What a grid search chose, in one sentence."""

from typing import Any

import pandas as pd

from dg_keras.benchmark.config.config import Config
from dg_keras.benchmark.config.grid_settings import SETTINGS
from dg_keras.benchmark.config.setting_text import setting_text
from dg_keras.benchmark.report import tables


def search_finding(config: Config, means: pd.DataFrame, planned: int) -> str:
    """The sentence that a search's report opens with: what was chosen, and on what.

    Args:
        config: The experiment, with a `grid`.
        means: From `grid_means`.
        planned: How many runs there are to be.
    """
    settings = len(config.search.settings)
    chosen = means[means["chosen"]]
    if chosen.empty and means["runs"].sum() < planned:
        return "Nothing can be chosen yet."
    if chosen.empty:
        return "Nothing could be chosen: runs of every setting diverged."
    if settings == 1:
        accuracies = chosen.groupby("method")["validation_accuracy"].mean()
        ranked = accuracies.sort_values(ascending=False, kind="stable")
        named = "; ".join(f"{name} {100 * value:.2f} %" for name, value in ranked.items())
        return (
            "Mean accuracy on the validation parts of the sources, the most accurate method first; "
            f"nothing was tested: {named}."
        )
    of = f"of {tables.settings_tried(config, means)} settings"
    measure = "most accurate on average on the validation parts of the sources"
    if config.search.choose == "per_target":
        methods, targets = chosen["method"].nunique(), chosen["target"].nunique()
        return (
            f"For each of {methods} method{'s' * (methods > 1)} and {targets} held-out "
            f"domain{'s' * (targets > 1)} the search chose, {of}, the one that was {measure}; no "
            "held-out domain had a part in the choice of its own setting, and nothing was tested."
        )
    named = "; ".join(
        f"{row['method']}: "
        + ", ".join(_in_words(name, row[name]) for name in config.search.searched)
        for row in chosen.to_dict("records")
    )
    return (
        f"For each method the search chose, {of}, the one that was {measure}, over all held-out "
        f"domains together, which were sources of other runs; nothing was tested. {named}."
    )


def _in_words(name: str, value: Any) -> str:
    """A setting with its value and unit: "image size 128 pixels"."""
    words, _, unit = SETTINGS[name].partition(", ")
    return f"{words} {setting_text(value)} {unit}".rstrip()
