"""A comparison's table in a terminal."""

import rich.console
import rich.text

from dg_keras.benchmark.config.config import Config
from dg_keras.benchmark.report.summary import Summary
from dg_keras.benchmark.report.tables._renderable import Renderable
from dg_keras.benchmark.report.tables.measure_table import measure_table
from dg_keras.benchmark.report.tables.notes import notes


def terminal(config: Config, summary: Summary) -> rich.console.RenderableType:
    """The accuracies, the best in bold, and below them what the marks mean; for rich to print.

    Args:
        config: The experiment.
        summary: Its numbers so far.
    """
    table = measure_table(summary)
    return rich.console.Group(
        "",
        Renderable(table, f"{config.name}: {table.heading}"),
        *map(rich.text.Text, notes(summary)),
        "",
    )
