"""A grid search's choice in a terminal."""

import pandas as pd
import rich.console
import rich.text

from dg_keras.benchmark.config.config import Config
from dg_keras.benchmark.report.tables._renderable import Renderable
from dg_keras.benchmark.report.tables.search_notes import search_notes
from dg_keras.benchmark.report.tables.search_tables import search_tables
from dg_keras.benchmark.report.tables.settings_tried import settings_tried


def terminal_grid(config: Config, means: pd.DataFrame, planned: int) -> rich.console.RenderableType:
    """The settings that would be chosen of what has been run so far; for rich to print.

    Args:
        config: The experiment, with a `grid`.
        means: From `grid_means`.
        planned: How many runs there are to be.
    """
    chosen, _ = search_tables(config, means)
    settings = settings_tried(config, means)
    return rich.console.Group(
        "",
        Renderable(chosen, f"{config.name}: chosen of {settings} settings per method"),
        *map(rich.text.Text, search_notes(means, planned)),
        "",
    )
