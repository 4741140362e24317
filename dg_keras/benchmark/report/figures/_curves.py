"""Curves along training, with how well they are known."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dg_keras.analysis import confidence_band
from dg_keras.benchmark.report.figures._panels import panels

_Trial = tuple[Sequence[int], Sequence[float] | np.ndarray]

Curves = dict[tuple[str, str, str], list[_Trial]]
"""By target, method and line: steps and values, per trial."""

_Style = tuple[str, str, str]
_COLOURS = ("#006BA4", "#C85200", "#595959", "#5F9ED1", "#FF800E")
_LINES = ("-", "--", ":", "-.")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")


def curves_figure(
    curves: Curves, label: str, bounds: tuple[float, float], narrow: bool = False
) -> Figure | None:
    """One panel per target (across) and method (down): means with 95 % bands over the trials.

    A line looks the same in all panels, and is told by dashes and markers, too, for readers who see
    no colours.

    Args:
        curves: What to draw; the trials of a line have the same steps.
        label: Of the vertical axes.
        bounds: The least and the largest value that there can be; no axis shows more, though a band
            over few trials may be wider.
        narrow: Whether the panels are below each other, for a phone.

    Returns:
        The figure; None where there are no curves.
    """
    if not curves:
        return None
    targets, methods, lines = (list(dict.fromkeys(names)) for names in zip(*curves, strict=True))
    # Their numbers have no common factor, so that 140 lines look different.
    looks = zip(*map(itertools.cycle, (_LINES, _MARKERS, _COLOURS)), strict=True)
    styles = dict(zip(lines, looks, strict=False))
    size = (3.1, 1.8 if narrow else 2.6)
    figure, axes = panels(len(methods), len(targets), size, sharex=True, sharey=True, narrow=narrow)
    for panel in axes.flat:
        panel.set_autoscale_on(False)  # else all are looked at for each line of each
    handles: dict[str, Artist] = {}
    for (target, method, line), trials in curves.items():
        panel = axes[methods.index(method), targets.index(target)]
        handles[line] = _draw(panel, trials, styles[line])
    for (row, method), (column, target) in itertools.product(
        enumerate(methods), enumerate(targets)
    ):
        panel = axes[row, column]
        panel.set_title(f"{target} held out, {method}", fontsize=9, parse_math=False)
        panel.spines[["top", "right"]].set_visible(False)
    panel.autoscale()
    lowest, highest = panel.get_ylim()  # which all panels share
    panel.set_ylim(max(lowest, bounds[0]), min(highest, bounds[1]))
    panel.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    look: dict[str, Any] = {"loc": "outside lower center", "ncols": 6}
    if narrow:  # the ends of a long figure are not seen together
        look = {"loc": "outside upper center", "ncols": 2, "title": f"{label}, by step"}
    else:
        figure.supylabel(label, fontsize=10)
        for panel in axes[-1]:
            panel.set_xlabel("step")
    legend = figure.legend(handles.values(), handles, fontsize=8, frameon=False, **look)
    for text in legend.get_texts():
        text.set_parse_math(False)
    return figure


def _draw(panel: Axes, trials: Sequence[_Trial], style: _Style) -> Artist:
    """One line with its band."""
    steps, values = trials[0][0], np.array([of_trial for _, of_trial in trials])
    dashes, marker, colour = style
    (line,) = panel.plot(
        steps, values.mean(0), linestyle=dashes, marker=marker, markersize=4, color=colour
    )
    if len(values) > 1:
        _, lower, upper = confidence_band(values)
        panel.fill_between(steps, lower, upper, color=colour, alpha=0.2)
    return line
