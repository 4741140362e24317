"""Records -> tables and a figure."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import matplotlib.style
import pandas as pd

from dg_keras.analysis import paired_test, smallest_p
from dg_keras.benchmark.config import Config

LEVEL = 0.05
"""The p-value below which a difference to the baseline gets its asterisk."""

MEASURES = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy (the mean of the classes' accuracies)",
    "new_concepts_accuracy": "Accuracy on the images of concepts that no source was trained on",
}
"""The measures of a run, as the report heads their tables."""

AVERAGE = "average"


def results(records: list[tuple[Any, dict[str, Any]]]) -> pd.DataFrame:
    """A row a run: method, target, trial, and its measures on the held-out domain."""
    return pd.DataFrame(
        {"method": run.method.name, "target": run.target, "trial": run.trial, **record["result"]}
        for run, record in records
    )


def summarize(runs: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """A row a method and target: mean, standard deviation, number of trials, p-value.

    The average over the targets is taken a trial, so that it has a standard deviation too; it is
    left out where a trial lacks a target.
    """
    measures = [c for c in runs.columns if c not in {"method", "target", "trial"}]
    whole = runs.groupby(["method", "trial"]).filter(
        lambda trial: len(trial) == runs["target"].nunique()
    )
    average = whole.groupby(["method", "trial"], sort=False)[measures].mean().reset_index()
    runs = pd.concat([runs, average.assign(target=AVERAGE)])
    rows = []
    for (target, method), group in runs.groupby(["target", "method"], sort=False):
        against = runs[(runs["target"] == target) & (runs["method"] == baseline)]
        pairs = group.merge(against, on="trial", suffixes=("", "_baseline"))
        row = {"target": target, "method": method, "trials": len(group)}
        for measure in measures:
            row[f"{measure}_mean"] = group[measure].mean()
            row[f"{measure}_std"] = group[measure].std()
        if method != baseline and len(pairs):
            row["p_value"] = paired_test(pairs["accuracy"], pairs["accuracy_baseline"])
        rows.append(row)
    return pd.DataFrame(rows).reindex(columns=[*rows[0], *({"p_value"} - set(rows[0]))])


def table(summary: pd.DataFrame, measure: str = "accuracy", bold: str = "**{}**") -> pd.DataFrame:
    """The summary as the paper prints it: targets down, methods across, in percent.

    Args:
        summary: From `summarize`.
        measure: The measure to show.
        bold: How the best mean of a row is set.
    """
    rows: dict[str, dict[str, str]] = {}
    for target, group in summary.groupby("target", sort=False):
        means = (100 * group[f"{measure}_mean"]).round(2)
        cells = {}
        for (_, row), mean in zip(group.iterrows(), means, strict=True):
            cell = f"{mean:.2f}"
            if row["trials"] > 1:
                cell += f" ± {100 * row[f'{measure}_std']:.2f}"
            if measure == "accuracy" and row["p_value"] < LEVEL:
                cell += "*"
            cells[row["method"]] = bold.format(cell) if mean == means.max() else cell
        rows[target] = cells
    frame = pd.DataFrame.from_dict(rows, orient="index").fillna("")
    return frame.rename_axis("held out")


def notes(config: Config, summary: pd.DataFrame) -> list[str]:
    """What a reader must know to read the tables."""
    trials = int(summary["trials"].max())
    sentences = [
        "Accuracy on the held-out domain in percent: mean ± standard deviation over "
        f"{trials} trial{'s' if trials > 1 else ''}, the best mean in bold."
    ]
    if smallest_p(trials) < LEVEL:
        sentences.append(
            f"* differs from {config.baseline}: p < {LEVEL} in a paired, two-sided Wilcoxon test, "
            "not corrected for the number of comparisons."
        )
    else:
        needed = next(n for n in range(trials, 100) if smallest_p(n) < LEVEL)
        sentences.append(
            f"No test of significance: with {trials} pair{'s' if trials > 1 else ''} a paired "
            f"Wilcoxon test cannot give p < {LEVEL}; it needs at least {needed}."
        )
    return sentences


def markdown(
    config: Config, summary: pd.DataFrame, measures: Sequence[str] = tuple(MEASURES)
) -> str:
    """The tables of some measures, with notes."""
    parts = [f"# {config.name}", *notes(config, summary)]
    for measure in measures:
        if f"{measure}_mean" in summary:
            parts += [f"## {MEASURES[measure]}", table(summary, measure).to_markdown()]
    return "\n\n".join(parts) + "\n"


def write(folder: Path, config: Config, records: list[tuple[Any, dict[str, Any]]]) -> None:
    """Writes `table.md`, `table.csv`, `table.tex` and `accuracy.png`."""
    folder.mkdir(parents=True, exist_ok=True)
    runs = results(records)
    summary = summarize(runs, config.baseline)
    (folder / "table.md").write_text(markdown(config, summary))
    summary.to_csv(folder / "table.csv", index=False)
    (folder / "table.tex").write_text(latex(config, summary))
    figure = box_plots(runs, summary)
    figure.savefig(folder / "accuracy.png", dpi=150)
    plt.close(figure)


def latex(config: Config, summary: pd.DataFrame) -> str:
    """The accuracies as a booktabs table."""
    frame = table(summary, bold=r"\textbf{{{}}}").map(_latex)
    frame = frame.rename(index=_latex, columns=_latex)
    return frame.to_latex(
        caption=_latex(" ".join(notes(config, summary))),
        label=f"tab:{config.name}",
        column_format="l" + "r" * frame.shape[1],
        escape=False,
    )


def _latex(text: str) -> str:
    """The text with what LaTeX would read otherwise."""
    signs = {"±": r"$\pm$", "<": "$<$", "&": r"\&", "%": r"\%", "_": r"\_", "#": r"\#"}
    return "".join(signs.get(character, character) for character in text)


def box_plots(runs: pd.DataFrame, summary: pd.DataFrame) -> plt.Figure:
    """Accuracy a target and method, as figure 3 of Mansilla et al. (2021).

    Boxes are quartiles with the median, whiskers reach to the minimum and maximum, triangles are
    means, dots the trials; an asterisk marks a difference to the baseline.
    """
    targets = list(dict.fromkeys(runs["target"]))
    columns = min(len(targets), 4)
    rows = -(-len(targets) // columns)
    figure, grid = plt.subplots(
        rows, columns, figsize=(3.1 * columns, 3.4 * rows), squeeze=False, layout="constrained"
    )
    for axes in grid.flat[len(targets) :]:
        axes.set_axis_off()
    for axes, target in zip(grid.flat, targets, strict=False):
        of_target = summary[summary["target"] == target].set_index("method")
        starred = of_target.index[of_target["p_value"] < LEVEL]
        _box_plot(axes, runs[runs["target"] == target], list(starred))
        axes.set_title(f"{target} held out", fontsize=10)
    for axes in grid[:, 0]:
        axes.set_ylabel("accuracy in %")
    return figure


def _box_plot(axes: plt.Axes, runs: pd.DataFrame, starred: list[str]) -> None:
    """One box a method."""
    percent = {
        method: 100 * of_method["accuracy"].to_numpy()
        for method, of_method in runs.groupby("method", sort=False)
    }
    boxes = axes.boxplot(
        list(percent.values()),
        tick_labels=list(percent),
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
    colours = matplotlib.style.library["tableau-colorblind10"]["axes.prop_cycle"].by_key()["color"]
    for position, (method, values) in enumerate(percent.items(), start=1):
        box = boxes["boxes"][position - 1]
        # Light enough for the median to show on every colour.
        box.set_facecolor((colours[(position - 1) % len(colours)], 0.6))
        axes.scatter([position] * len(values), values, s=9, color="black", alpha=0.5, zorder=3)
        if method in starred:
            axes.annotate("*", (position, values.max()), ha="center", va="bottom", fontsize=14)
    axes.tick_params(axis="x", rotation=30)
    axes.margins(y=0.12)
    axes.spines[["top", "right"]].set_visible(False)
