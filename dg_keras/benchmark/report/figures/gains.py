"""How much better than the baseline the methods are, at a glance."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dg_keras.benchmark.config.config import Config
from dg_keras.benchmark.records.held_out import AVERAGE
from dg_keras.benchmark.report.figures._panels import panels
from dg_keras.benchmark.report.published import Published
from dg_keras.benchmark.report.summary import Summary

_COLUMNS = 3
_OFFSET = 0.28  # of a row, from its middle to the paper's gain
# All in inches.
_WIDTH = 2.9  # of a panel
_LEAST = 5.0  # of a figure, as wide as its legend
_LETTER = 0.08  # of a method's name
_ROW = 0.27
_AROUND_PANEL = 0.7  # title and numbers
_AROUND_PANELS = 0.9  # title and legend
_PAPERS = "gain in the paper"
_LABELS = {
    True: "mean of the trials and 95 % interval that excludes 0",
    False: "mean of the trials and 95 % interval that holds 0",
    None: "mean and 95 % interval of too few trials to tell",
}
"""By `Gain.excludes_zero`."""
_LOOKS: dict[str, dict[str, Any]] = {
    _LABELS[True]: {"marker": "o", "color": "#006BA4"},
    _LABELS[False]: {"marker": "o", "color": "#8A8A8A"},
    _LABELS[None]: {"marker": "o", "color": "#8A8A8A"},
    _PAPERS: {"marker": "D", "color": "#C85200", "markerfacecolor": "white", "markersize": 5},
}


def gains(config: Config, summary: Summary, narrow: bool = False) -> Figure | None:
    """Gains in accuracy over the baseline in percent points, a panel per held-out domain.

    A row per method: a dot for the gain, a line for its 95 % interval, a hollow diamond for the
    paper's gain where it has one. The last panel is the average over the domains.

    Args:
        config: The experiment.
        summary: Its numbers.
        narrow: Whether the panels are below each other, for a phone.

    Returns:
        The figure; None where no method has been run beside the baseline.
    """
    if not summary.comparisons:
        return None
    published = Published.of(config, summary)
    methods = [method for method in summary.methods if method != summary.baseline]
    columns = 1 if narrow else min(_COLUMNS, len(summary.targets))
    rows = -(-len(summary.targets) // columns)
    names = _LETTER * max(map(len, methods))
    size = (
        max(_WIDTH, _LEAST / columns) + names / columns,
        _ROW * len(methods) + _AROUND_PANEL + _AROUND_PANELS / rows,
    )
    figure, axes = panels(rows, columns, size, sharex=True, sharey=True, narrow=narrow)
    used, unused = axes.flat[: len(summary.targets)], axes.flat[len(summary.targets) :]
    for panel, target in zip(used, summary.targets, strict=True):
        _draw(panel, summary, published, target, methods)
    for panel in unused:
        panel.set_axis_off()
    used[0].set_yticks(range(len(methods)), methods, parse_math=False)
    used[0].set_ylim(len(methods) - 0.5, -0.5)  # the first at the top
    end = "\n" if narrow else " "
    title = f"Gain in accuracy over {summary.baseline}{end}in percent points"
    drawn = [line for panel in used for line in panel.get_legend_handles_labels()[0]]
    by_label = {line.get_label(): line for line in drawn}
    handles = [by_label[label] for label in _LOOKS if label in by_label]
    look: dict[str, Any] = {"handles": handles, "fontsize": 9, "frameon": False}
    if narrow:  # the ends of a long figure are not seen together
        legend = figure.legend(loc="outside upper center", title=title, title_fontsize=10, **look)
        legend.get_title().set_parse_math(False)
    else:
        figure.suptitle(title, fontsize=11, parse_math=False)
        figure.legend(loc="outside lower center", **look)
    return figure


def _draw(
    panel: Axes, summary: Summary, published: Published, target: str, methods: list[str]
) -> None:
    """One panel."""
    panel.axvline(0, color="black", linewidth=0.8)
    for row, method in enumerate(methods):
        gain, papers = summary.gain(target, method), published.gain(target, method)
        if gain is not None:
            label = _LABELS[gain.excludes_zero]
            if gain.low is not None and gain.high is not None:
                ends = [100 * gain.low, 100 * gain.high]
                panel.plot(ends, [row, row], color=_LOOKS[label]["color"], linewidth=2)
            panel.plot(100 * gain.mean, row, linestyle="none", label=label, **_LOOKS[label])
        if papers is not None:
            look = _LOOKS[_PAPERS]
            panel.plot(100 * papers, row + _OFFSET, linestyle="none", label=_PAPERS, **look)
    title = target if target == AVERAGE else f"{target} held out"
    panel.set_title(title, fontsize=10, parse_math=False)
    panel.grid(axis="x", color="0.9")
    panel.set_axisbelow(True)
    panel.tick_params(axis="x", labelbottom=True)
    panel.tick_params(axis="y", length=0)
    panel.spines[["top", "right", "left"]].set_visible(False)
