"""What a grid search came to, as tables."""

from math import isnan

import pandas as pd

from dg_keras.benchmark.config.config import Config
from dg_keras.benchmark.config.grid_settings import SETTINGS
from dg_keras.benchmark.config.setting_text import setting_text
from dg_keras.benchmark.report.tables.table import Cell, Table


def search_tables(config: Config, means: pd.DataFrame) -> tuple[Table, Table]:
    """The settings that were chosen, and all that were tried, those that were chosen in bold.

    Args:
        config: The experiment, with a `grid`.
        means: From `grid_means`.
    """
    per_target = config.search.choose == "per_target"
    searched = list(config.search.searched)
    some_diverged = bool(means["diverged"].any())
    columns = (
        "method",
        *(["held out"] if per_target else []),
        *(SETTINGS[name] for name in searched),
        "validation accuracy",
        "runs",
        *(["of them diverged"] if some_diverged else []),
    )
    rows = []
    for mean in means.to_dict("records"):
        texts = [
            mean["method"],
            *([mean["target"]] if per_target else []),
            *(setting_text(mean[name]) for name in searched),
            ""
            if isnan(mean["validation_accuracy"])
            else f"{100 * mean['validation_accuracy']:.2f}",
            str(mean["runs"]),
            *([str(mean["diverged"])] if some_diverged else []),
        ]
        rows.append((mean["chosen"], texts))
    chosen = tuple(tuple(map(Cell, texts)) for is_chosen, texts in rows if is_chosen)
    tried = tuple(tuple(Cell(text, bold=is_chosen) for text in texts) for is_chosen, texts in rows)
    return Table("Chosen", columns, chosen), Table("All settings", columns, tried)
