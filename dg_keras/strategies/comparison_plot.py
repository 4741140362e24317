"""The figure of `compare`."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe and Ito's, for colour-blind readers, and a marker each, for those who print in grey.
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000")
_MARKERS = "os^Dv<>"


def comparison_plot(table: pd.DataFrame, prefix: str) -> Figure:
    """Draws each strategy's angles to the domains, what it keeps, and its length.

    Args:
        table: A row per strategy, as `Comparison` has them.
        prefix: What the columns of the angles begin with.

    Returns:
        A figure, which pyplot does not know and need not close.
    """
    figure = Figure(figsize=(5.6, 1.5 + 0.28 * len(table)), layout="constrained")
    angles, kept, lengths = figure.subplots(1, 3, sharey=True, width_ratios=[2, 1, 1])
    places = np.arange(len(table))
    angles.axvline(90, color="0.6", linewidth=0.8)
    for number, column in enumerate(c for c in table if c.startswith(prefix)):
        angles.plot(
            table[column],
            places,
            _MARKERS[number % len(_MARKERS)],
            color=_COLOURS[number % len(_COLOURS)],
            label=column.removeprefix(prefix),
            alpha=0.8,
        )
    angles.set_xlabel("angle to a domain's gradient,\ndegrees (over 90: conflict)")
    angles.set_yticks(places, table.index, parse_math=False)
    angles.invert_yaxis()
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    _bars(kept, places, table["kept"], "share\nkept")
    _bars(lengths, places, table["length"], "length, of\nthe mean's")
    for axes in (angles, kept, lengths):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color="0.92")
        axes.set_axisbelow(True)
    return figure


def _bars(axes: Axes, places: np.ndarray, values: pd.Series, label: str) -> None:
    axes.barh(places, values, height=0.6, color="0.55")
    axes.set_xlabel(label)
