"""The report of a grid search: tables, a heat map, and the choice as a config."""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import yaml

from dg_keras.benchmark.config import Config


def write_grid(folder: Path, config: Config, records: list[tuple[Any, dict[str, Any]]]) -> None:
    """Writes `grid.csv`, `grid.md`, `grid.png`, and `chosen.yaml`, a config that can be run.

    The mean accuracy on the sources' validation parts, at the step selected, over targets and
    trials, decides; of equals the first, which has the smaller rate where rates ascend.

    Args:
        folder: Where to write; it exists.
        config: The experiment.
        records: The runs that have been done, with their records.
    """
    means = grid_means(config, records)
    means.to_csv(folder / "grid.csv", index=False)
    best = means.loc[means.groupby("method", sort=False)["validation_accuracy"].idxmax()]
    (folder / "grid.md").write_text(
        f"# {config.name}\n\nMean accuracy on the sources' validation parts; nothing was tested."
        "\n\n"
        f"## Chosen\n\n{best.to_markdown(index=False)}\n\n## All\n\n"
        f"{means.to_markdown(index=False)}\n"
    )
    figure = _heat_maps(means)
    figure.savefig(folder / "grid.png", dpi=150)
    plt.close(figure)
    chosen = config.model_dump(mode="json", exclude={"grid"})
    chosen["name"] = f"{config.name}_chosen"
    settings = best.set_index("method")[["learning_rate", "weight_decay"]]
    for method in chosen["methods"]:
        if method["name"] in settings.index:
            method |= settings.loc[method["name"]].to_dict()
    (folder / "chosen.yaml").write_text(yaml.safe_dump(chosen, sort_keys=False))


def grid_means(config: Config, records: list[tuple[Any, dict[str, Any]]]) -> pd.DataFrame:
    """A row a method and setting: the mean validation accuracy over targets and trials."""
    settings = len(config.trained_methods) // len(config.methods)
    base = {
        trained.name: config.methods[i // settings].name
        for i, trained in enumerate(config.trained_methods)
    }
    runs = pd.DataFrame(
        {
            "method": base[run.method.name],
            "learning_rate": run.method.learning_rate,
            "weight_decay": run.method.weight_decay,
            "validation_accuracy": record["result"]["validation_accuracy"],
        }
        for run, record in records
    )
    keys = ["method", "learning_rate", "weight_decay"]
    means = runs.groupby(keys, sort=False)["validation_accuracy"].agg(["mean", "count"])
    means = means.rename(columns={"mean": "validation_accuracy", "count": "runs"}).reset_index()
    return means.sort_values(["learning_rate", "weight_decay"], kind="stable", ignore_index=True)


def _heat_maps(means: pd.DataFrame) -> plt.Figure:
    methods = list(means["method"].unique())
    columns = min(len(methods), 4)
    rows = -(-len(methods) // columns)
    figure, grid = plt.subplots(
        rows, columns, figsize=(3 * columns, 2.6 * rows), squeeze=False, layout="constrained"
    )
    percent = means.assign(percent=100 * means["validation_accuracy"])
    lowest, highest = percent["percent"].min(), percent["percent"].max()
    for axes in grid.flat[len(methods) :]:
        axes.set_axis_off()
    for axes, method in zip(grid.flat, methods, strict=False):
        wide = percent[percent["method"] == method].pivot(
            index="weight_decay", columns="learning_rate", values="percent"
        )
        axes.imshow(wide, cmap="cividis", vmin=lowest, vmax=highest, aspect="auto")
        for i, j in [(i, j) for i in range(wide.shape[0]) for j in range(wide.shape[1])]:
            value = wide.iloc[i, j]
            light = value < (lowest + highest) / 2
            axes.text(j, i, f"{value:.1f}", ha="center", va="center", color="w" if light else "k")
        axes.set_xticks(range(wide.shape[1]), [f"{rate:g}" for rate in wide.columns])
        axes.set_yticks(range(wide.shape[0]), [f"{decay:g}" for decay in wide.index])
        axes.set_title(method, fontsize=10)
        axes.set_xlabel("learning rate")
        axes.set_ylabel("weight decay")
    return figure
