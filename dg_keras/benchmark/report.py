"""Records -> tables, figures, and a page."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import matplotlib.style
import numpy as np
import pandas as pd

from dg_keras.analysis import confidence_band, holm, paired_test, rank_biserial, smallest_p
from dg_keras.benchmark.config import Config
from dg_keras.benchmark.grid_search import write_grid
from dg_keras.benchmark.page import Part, write_page

LEVEL = 0.05
"""The p-value below which a difference to the baseline gets its asterisk."""

MEASURES = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy (the mean of the classes' accuracies)",
    "new_concepts_accuracy": "Accuracy on the images of concepts that no source was trained on",
}
"""The measures of a run, as the report heads their tables."""

AVERAGE = "average"

_PAPER = {
    "pacs": ("PACS", {"art_painting": "A", "cartoon": "C", "photo": "P", "sketch": "S"}),
    "vlcs": ("VLCS", {"Caltech101": "C", "LabelMe": "L", "SUN09": "S", "VOC2007": "V"}),
    "office_home": ("Office-Home", {"Art": "A", "Clipart": "C", "Product": "P", "Real World": "R"}),
}
"""The paper's names of the data sets that its table 1 is about, and of their domains."""


def results(records: list[tuple[Any, dict[str, Any]]]) -> pd.DataFrame:
    """A row a run: method, target, trial, and its measures on the held-out domain."""
    return pd.DataFrame(
        {"method": run.method.name, "target": run.target, "trial": run.trial, **record["result"]}
        for run, record in records
    )


def summarize(runs: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """A row a method and target: mean, standard deviation, trials, p-values, effect size.

    `p_holm` is corrected over the methods of a target; `effect` is the rank-biserial correlation,
    above 0 where the method is better than the baseline.

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
            both = pairs["accuracy"], pairs["accuracy_baseline"]
            row["p_value"] = paired_test(*both)
            row["effect"] = rank_biserial(*both)
        rows.append(row)
    tests = ["p_value", "p_holm", "effect"]
    measured = [column for column in rows[0] if column not in tests]
    summary = pd.DataFrame(rows).reindex(columns=[*measured, *tests])
    for _, of_target in summary[summary["p_value"].notna()].groupby("target"):
        summary.loc[of_target.index, "p_holm"] = holm(of_target["p_value"])
    return summary


def tests_table(summary: pd.DataFrame) -> pd.DataFrame:
    """The raw p-values, those after Holm, and effect size: targets down, methods across."""
    tested = summary[summary["p_value"].notna()]
    cells = tested.apply(
        lambda row: f"{row['p_value']:.3f} / {row['p_holm']:.3f} / {row['effect']:+.2f}", axis=1
    )
    wide = tested.assign(cell=cells).pivot(index="target", columns="method", values="cell")
    return wide.reindex(
        index=tested["target"].unique(), columns=tested["method"].unique()
    ).rename_axis(index="held out", columns=None)


def to_paper(config: Config, summary: pd.DataFrame) -> pd.DataFrame | None:
    """The means' differences to the paper's table 1, in percent points; None for other data."""
    dataset, letters = _PAPER.get(config.data.name, (None, {}))
    if dataset is None:
        return None
    paper = pd.read_csv(Path(__file__).with_name("paper_table1.csv"))
    paper = paper[paper["dataset"] == dataset]
    ours = summary.assign(letter=summary["target"].map({**letters, AVERAGE: AVERAGE}))
    both = ours.merge(paper, left_on=["letter", "method"], right_on=["target", "method"])
    if both.empty:
        return None
    difference = 100 * both["accuracy_mean_x"] - both["accuracy_mean_y"]
    wide = both.assign(difference=difference.map("{:+.2f}".format)).pivot(
        index="target_x", columns="method", values="difference"
    )
    return wide.reindex(
        index=both["target_x"].unique(), columns=both["method"].unique()
    ).rename_axis(index="held out", columns=None)


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
                cell += "†" if row["p_holm"] < LEVEL else "*"
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
            f"* differs from {config.baseline}: p < {LEVEL} in a paired, two-sided Wilcoxon test; "
            "† still so after Holm's correction over the methods of a row."
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
    if len(measures) > 1 and summary["p_value"].notna().any():
        parts += [f"## {_TESTS.format(config.baseline)}", tests_table(summary).to_markdown()]
        difference = to_paper(config, summary)
        if difference is not None:
            parts += [f"## {_DIFFERENCE}", difference.to_markdown()]
    return "\n\n".join(parts) + "\n"


_TESTS = "Against {}: p, p after Holm's correction, and effect size (rank-biserial correlation)"
_DIFFERENCE = "Difference of the means to table 1 of Mansilla et al. (2021), in percent points"


def write(folder: Path, config: Config, records: list[tuple[Any, dict[str, Any]]]) -> Part | None:
    """Writes the tables (`table.md`, `.csv`, `.tex`), the figures, and `index.html`.

    Returns:
        What a page of several experiments shows of this one; None for a grid search, which has its
        own files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if config.grid is not None:
        write_grid(folder, config, records)
        return None
    runs = results(records)
    summary = summarize(runs, config.baseline)
    (folder / "table.md").write_text(markdown(config, summary))
    summary.to_csv(folder / "table.csv", index=False)
    (folder / "table.tex").write_text(latex(config, summary))
    figures = {
        "accuracy": box_plots(runs, summary),
        "similarity": similarity_plot(records),
        "conflict": conflict_plot(config, records),
        "training": training_plot(config, records),
    }
    for name, figure in figures.items():
        if figure is not None:
            figure.savefig(folder / f"{name}.png", dpi=150)
            plt.close(figure)
    part = folder, config, records, sections(config, summary)
    write_page(folder / "index.html", config.name, [part])
    return part


def write_study(
    folder: Path, name: str, parts: list[tuple[Config, list[tuple[Any, dict[str, Any]]]]]
) -> None:
    """Writes the reports of several experiments, a folder each, and one page of all."""
    written = [write(folder / config.name, config, records) for config, records in parts]
    write_page(folder / "index.html", name, [part for part in written if part is not None])


def sections(config: Config, summary: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The tables by their headings, their cells as HTML."""
    found = {
        heading: table(summary, measure, bold="<b>{}</b>")
        for measure, heading in MEASURES.items()
        if f"{measure}_mean" in summary
    }
    if summary["p_value"].notna().any():
        found[_TESTS.format(config.baseline)] = tests_table(summary)
    difference = to_paper(config, summary)
    if difference is not None:
        found[_DIFFERENCE] = difference
    return found


def similarity_plot(records: list[tuple[Any, dict[str, Any]]]) -> plt.Figure | None:
    """Cosines of single samples' gradients along training, as figure 2 of the paper."""
    curves = {
        (run.target, run.method.name, kind): []
        for run, record in records
        if "similarity" in record
        for kind in ("within", "between")
    }
    for run, record in records:
        for kind in ("within", "between") if "similarity" in record else ():
            curve = pd.Series(record["similarity"][kind], record["similarity"]["step"])
            curves[run.target, run.method.name, kind].append(curve)
    return _curves(curves, "cosine of two samples' gradients")


def training_plot(config: Config, records: list[tuple[Any, dict[str, Any]]]) -> plt.Figure | None:
    """Accuracy along training on each source's validation part and on the held-out domain."""
    curves: dict[tuple[str, str, str], list[pd.Series]] = {}
    for run, record in records:
        for key, values in record["history"].items():
            measure, _, domain = key.partition("/")
            if measure not in ("val_accuracy", "test_accuracy") or not domain:
                continue
            if domain in ("worst", "balanced"):
                continue
            label = f"{domain} (held out)" if measure == "test_accuracy" else domain
            steps = config.training.evaluate_every * np.arange(1, len(values) + 1)
            place = (run.target, run.method.name, label)
            curves.setdefault(place, []).append(pd.Series(100 * np.array(values), steps))
    return _curves(curves, "accuracy in %")


def _curves(curves: dict[tuple[str, str, str], list[pd.Series]], label: str) -> plt.Figure | None:
    """A panel a target (across) and method (down): means with 95 % bands over the trials."""
    if not curves:
        return None
    targets = list(dict.fromkeys(target for target, _, _ in curves))
    methods = list(dict.fromkeys(method for _, method, _ in curves))
    figure, grid = plt.subplots(
        len(methods),
        len(targets),
        figsize=(3.1 * len(targets), 2.6 * len(methods)),
        squeeze=False,
        sharex=True,
        sharey=True,
        layout="constrained",
    )
    for row, method in zip(grid, methods, strict=True):
        for axes, target in zip(row, targets, strict=True):
            lines = {line: c for (t, m, line), c in curves.items() if (t, m) == (target, method)}
            for style, (line, trials) in zip(_STYLES * 3, lines.items(), strict=False):
                values = pd.concat(trials, axis=1).T
                axes.plot(values.columns, values.mean(), label=line, **style)
                if len(values) > 1:
                    _, lower, upper = confidence_band(values)
                    colour = style["color"]
                    axes.fill_between(values.columns, lower, upper, color=colour, alpha=0.2)
            axes.set_title(f"{target} held out, {method}", fontsize=9)
            axes.legend(fontsize=7, frameon=False)
            axes.spines[["top", "right"]].set_visible(False)
        row[0].set_ylabel(label)
    for axes in grid[-1]:
        axes.set_xlabel("step")
    return figure


_STYLES = [
    {"color": "#006BA4", "linestyle": "-", "marker": "o", "markersize": 4},
    {"color": "#C85200", "linestyle": "--", "marker": "s", "markersize": 4},
    {"color": "#595959", "linestyle": ":", "marker": "^", "markersize": 4},
    {"color": "#5F9ED1", "linestyle": "-.", "marker": "D", "markersize": 4},
]
"""Told apart by dashes and markers too, for readers who see no colours."""


def conflict_plot(config: Config, records: list[tuple[Any, dict[str, Any]]]) -> plt.Figure | None:
    """The share of components on which the domains conflict, layer by layer along training."""
    shares: dict[str, list[pd.DataFrame]] = {}
    prefix = "gradient/agreement@"
    for run, record in records:
        layers = {
            key.removeprefix(prefix): 1 - np.array(values)
            for key, values in record["history"].items()
            if key.startswith(prefix)
        }
        if layers:
            steps = config.training.evaluate_every * np.arange(
                1, len(next(iter(layers.values()))) + 1
            )
            shares.setdefault(run.method.name, []).append(pd.DataFrame(layers, index=steps).T)
    if not shares:
        return None
    means = {method: sum(found) / len(found) for method, found in shares.items()}
    largest = max(mean.to_numpy().max() for mean in means.values())
    height = 1.2 + 0.28 * len(next(iter(means.values())))
    figure, grid = plt.subplots(
        1,
        len(means),
        figsize=(1 + 4.2 * len(means), height),
        squeeze=False,
        sharey=True,
        layout="constrained",
    )
    for axes, (method, mean) in zip(grid[0], means.items(), strict=True):
        picture = axes.imshow(mean, cmap="cividis", vmin=0, vmax=largest, aspect="auto")
        axes.set_xticks(range(mean.shape[1]), mean.columns)
        axes.set_yticks(range(mean.shape[0]), mean.index, fontsize=8)
        axes.set_xlabel("step")
        axes.set_title(method, fontsize=10)
    figure.colorbar(picture, ax=grid[0].tolist(), label="share of conflicting components")
    return figure


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
    signs = {
        "±": r"$\pm$",
        "†": r"$\dagger$",
        "<": "$<$",
        "&": r"\&",
        "%": r"\%",
        "_": r"\_",
        "#": r"\#",
    }
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
        tick_labels=[method.replace(", ", ",\n") for method in percent],
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
    axes.tick_params(axis="x", rotation=90 if len(percent) > 4 else 30)
    axes.margins(y=0.12)
    axes.spines[["top", "right"]].set_visible(False)
