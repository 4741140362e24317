"""Accuracies as box plots."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dg_keras.benchmark.records.record import Record
from dg_keras.benchmark.report.figures._panels import COLOURS, wrapped_panels
from dg_keras.benchmark.report.summary import Summary

# Inches of a panel's width.
_LEAST = 3.1
_PER_METHOD = 0.21


def box_plots(records: Sequence[Record], summary: Summary) -> Figure | None:
    """Accuracy per target and method, as figure 3 of Mansilla et al. (2021).

    Boxes are quartiles with the median, whiskers reach to the minimum and maximum, triangles are
    means, dots the trials. Marks are those of the tables: an asterisk for a significant difference
    to the baseline, a dagger for one that survives Holm's correction.

    Args:
        records: Of the runs that came to a result.
        summary: Their numbers.

    Returns:
        The figure; None where there are no such runs.
    """
    have_some = {record.target for record in records}
    targets = [target for target in summary.targets if target in have_some]
    if not targets:
        return None
    width = max(_LEAST, _PER_METHOD * len(summary.methods))
    figure, axes, used = wrapped_panels(len(targets), size=(width, 3.4))
    for panel, target in zip(used, targets, strict=True):
        percent: dict[str, list[float]] = {method: [] for method in summary.methods}
        for record in records:
            accuracy = None if record.result is None else record.result.accuracy
            if record.target == target and accuracy is not None:
                percent[record.method].append(100 * accuracy)
        _box_plot(panel, {m: values for m, values in percent.items() if values}, summary, target)
        panel.set_title(f"{target} held out", fontsize=10, parse_math=False)
    for panel in axes[:, 0]:
        panel.set_ylabel("accuracy in %")
    return figure


def _box_plot(panel: Axes, percent: dict[str, list[float]], summary: Summary, target: str) -> None:
    """One box per method."""
    boxes = panel.boxplot(
        list(percent.values()),
        whis=(0, 100),
        widths=0.6,
        patch_artist=True,
        showmeans=True,
        medianprops={"color": "black"},
        meanprops={
            "marker": "^",
            "markerfacecolor": "white",
            "markeredgecolor": "black",
            "markersize": 7,
        },
    )
    for position, (method, values) in enumerate(percent.items(), start=1):
        # A method has its colour in every panel, also where another has no runs yet.
        colour = COLOURS[summary.methods.index(method) % len(COLOURS)]
        # Light enough for the median to show on every colour.
        boxes["boxes"][position - 1].set_facecolor((colour, 0.6))
        panel.scatter([position] * len(values), values, s=9, color="black", alpha=0.5, zorder=3)
        compared = summary.entries[target, method].comparison
        if compared and compared.is_significant:
            mark = "†" if compared.survives_correction else "*"
            panel.annotate(mark, (position, max(values)), ha="center", va="bottom", fontsize=14)
    many = len(percent) > 4
    panel.set_xticks(
        range(1, len(percent) + 1),
        [method.replace(", ", ",\n") for method in percent],
        rotation=90 if many else 30,
        ha="center" if many else "right",
        rotation_mode="default" if many else "anchor",
        parse_math=False,
    )
    panel.margins(y=0.12)
    panel.spines[["top", "right"]].set_visible(False)
