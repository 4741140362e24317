"""Figures of several panels."""

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

_STYLE = matplotlib.style.library["tableau-colorblind10"]
COLOURS: list[str] = _STYLE["axes.prop_cycle"].by_key()["color"]
"""Colours that are told apart by readers who see fewer of them, too."""

NARROW = 4.2
"""Inches of a figure of which text of 8 points can be read on a phone."""

_COLUMNS = 4
_WIDTH = 12.4  # inches that a row of panels takes


def panels(
    rows: int,
    columns: int,
    size: tuple[float, float],
    sharex: bool = False,
    sharey: bool = False,
    narrow: bool = False,
) -> tuple[Figure, np.ndarray]:
    """A figure and its axes `[rows, columns]`; it is of no window, and freed like any object.

    Args:
        rows: The number of rows.
        columns: The number of columns.
        size: Width and height of a panel, in inches.
        sharex: Whether all panels have the same horizontal axis.
        sharey: Whether all panels have the same vertical axis.
        narrow: Whether the panels are all below each other, row by row, and as wide as a phone has
            room for, whatever `size` says.
    """
    down, across, width = (rows * columns, 1, NARROW) if narrow else (rows, columns, size[0])
    figure = Figure(figsize=(width * across, size[1] * down), layout="constrained")
    axes = figure.subplots(down, across, squeeze=False, sharex=sharex, sharey=sharey)
    if narrow:
        for panel in axes.flat:
            panel.tick_params(axis="x", labelbottom=True)  # the last one's may be far away
    return figure, axes.reshape(rows, columns)


def wrapped_panels(number: int, size: tuple[float, float]) -> tuple[Figure, np.ndarray, list[Axes]]:
    """A figure of so many panels, all of its axes, and those that are used.

    Four are in a row, or as many as its width has room for.
    """
    columns = min(number, _COLUMNS, max(1, int(_WIDTH / size[0])))
    figure, axes = panels(-(-number // columns), columns, size)
    for unused in axes.flat[number:]:
        unused.set_axis_off()
    return figure, axes, list(axes.flat[:number])
