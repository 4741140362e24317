"""What each objective gains with each strategy, at a glance."""

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from dg_keras.benchmark.config.config import Config
from dg_keras.benchmark.records.held_out import AVERAGE
from dg_keras.benchmark.report.figures._panels import NARROW
from dg_keras.benchmark.report.gain import Gain
from dg_keras.benchmark.report.pairs import Pairs
from dg_keras.benchmark.report.summary import Summary

_COLOURS = "RdBu"  # white at 0, and told apart by readers who see no red or no green
_WIDTH = 9.6  # inches
_SCALE = 0.9  # inches, below the panels
_ACROSS = 2  # panels of a domain each


def pair_gains(config: Config, summary: Summary, narrow: bool = False) -> Figure | None:
    """Gains in accuracy over the baseline: objectives down, strategies across.

    A panel for the average over the held-out domains and a smaller one for each of them; in a cell
    the gain and below it its 95 % interval, in percent points, in bold where that excludes 0. Where
    no gain has the trials that it takes to tell, the label says so.

    Args:
        config: The experiment.
        summary: Its numbers.
        narrow: Whether the panels are below each other, for a phone.

    Returns:
        The figure; None where the methods are no cross of objectives and strategies, or none has
        been run beside the baseline.
    """
    pairs = Pairs.of(config)
    if pairs is None or not summary.comparisons:
        return None
    height = 0.75 + 0.42 * len(pairs.objectives)
    figure, panels = _panels(summary.targets, height, narrow)
    gains = {
        target: [
            [summary.gain(target, pairs.methods[o, s]) for s in pairs.strategies]
            for o in pairs.objectives
        ]
        for target in panels
    }
    flat = [gain for lines in gains.values() for line in lines for gain in line if gain is not None]
    largest = max(0.1, *(100 * abs(gain.mean) for gain in flat))  # a scale must have a width
    for target, panel in panels.items():
        picture = _draw(panel, pairs, gains[target], largest, summary.baseline, narrow)
        place = panel.get_subplotspec()  # None only where there is no grid
        if place is not None and place.is_first_col():
            panel.set_yticks(range(len(pairs.objectives)), pairs.objectives, parse_math=False)
        title = target if target == AVERAGE else f"{target} held out"
        panel.set_title(title, fontsize=10 + 2 * (target == AVERAGE), parse_math=False)
    end = "\n" if narrow else " "
    label = f"gain in accuracy over {summary.baseline}{end}in percent points, and its 95 % interval"
    if all(gain.excludes_zero is None for gain in flat):
        label += "\n(of too few trials to tell)"
    under = list(panels.values())
    bars: dict[str, Any] = {"location": "bottom", "aspect": 60}
    if narrow:  # seen with the first panel; `pad` is a part of the height, which is large
        bars = {"location": "top", "aspect": 30, "pad": 0.005}
    bar = figure.colorbar(picture, ax=under, shrink=0.6, **bars)
    bar.set_label(label, parse_math=False)
    return figure


def _panels(targets: Sequence[str], height: float, narrow: bool) -> tuple[Figure, dict[str, Axes]]:
    """A figure, and its panels by target: the average's across, those of the domains below.

    Args:
        targets: The held-out domains, and the average where there is one.
        height: Of a domain's panel, in inches.
        narrow: Whether all are below each other.
    """
    width, across = (NARROW, 1) if narrow else (_WIDTH, _ACROSS)
    domains = [target for target in targets if target != AVERAGE]
    above = int(AVERAGE in targets)
    heights = [1.2] * above + [1.0] * -(-len(domains) // across)
    figure = Figure((width, sum(heights) * height + _SCALE), layout="constrained")
    grid = figure.add_gridspec(len(heights), across, height_ratios=heights)
    places = {AVERAGE: grid[0, :]} if above else {}
    for number, domain in enumerate(domains):
        places[domain] = grid[above + number // across, number % across]
    return figure, {target: figure.add_subplot(place) for target, place in places.items()}


def _draw(
    panel: Axes,
    pairs: Pairs,
    gains: list[list[Gain | None]],
    largest: float,
    baseline: str,
    narrow: bool,
) -> AxesImage:
    """One panel, its colours from the largest loss to the largest gain."""
    means = np.array([[np.nan if g is None else 100 * g.mean for g in line] for line in gains])
    picture = panel.imshow(means, cmap=_COLOURS, vmin=-largest, vmax=largest, aspect="auto")
    write = functools.partial(panel.text, ha="center", va="center")
    for row, objective in enumerate(pairs.objectives):
        for column, strategy in enumerate(pairs.strategies):
            gain = gains[row][column]
            if pairs.methods[objective, strategy] == baseline:
                write(column, row, "baseline", fontsize=9)
            elif gain is not None:
                # Black is read on the middle of the scale, white on its dark ends.
                ink = "white" if abs(means[row, column]) > 0.65 * largest else "black"
                weight = "bold" if gain.excludes_zero else "normal"
                mean, interval = gain.mean_points(), gain.interval_points()
                write(column, row - 0.17, mean, fontsize=11, weight=weight, color=ink)
                write(column, row + 0.23, interval, fontsize=7 if narrow else 8.5, color=ink)
    panel.set_xticks(range(len(pairs.strategies)), pairs.strategies, parse_math=False)
    panel.set_yticks([])
    panel.tick_params(length=0)
    panel.spines[:].set_visible(False)
    return picture
