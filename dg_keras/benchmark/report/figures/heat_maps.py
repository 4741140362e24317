"""A grid search at a glance."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from dg_keras.benchmark.config.config import Config
from dg_keras.benchmark.config.grid_settings import SETTINGS
from dg_keras.benchmark.config.setting_text import setting_text
from dg_keras.benchmark.report.figures._panels import panels, wrapped_panels


def heat_maps(config: Config, means: pd.DataFrame) -> Figure:
    """Validation accuracy by setting; a frame is around what was chosen, div. where runs diverged.

    Learning rates are across, or else the last of what is searched; all else is down. One panel per
    method, and per held-out domain (across) where settings are chosen for each.

    Args:
        config: The experiment, with a `grid`.
        means: From `grid_means`.
    """
    searched = list(config.search.searched)
    across = "learning_rate" if "learning_rate" in searched else searched[-1]
    down = [name for name in searched if name != across]
    methods, targets = list(means["method"].unique()), list(means["target"].unique())
    lines = max(4, math.prod(len(config.search.searched[name]) for name in down))
    size = (3 if len(down) < 2 else 5, 1.4 + 0.3 * lines)
    if config.search.choose == "per_target":
        figure, axes = panels(len(methods), len(targets), size)
        places = [(method, target) for method in methods for target in targets]
        titles = [f"{method}, {target} held out" for method, target in places]
        used = list(axes.flat)
    else:
        figure, _, used = wrapped_panels(len(methods), size)
        places, titles = [(method, targets[0]) for method in methods], methods
    percent = means.assign(percent=100 * means["validation_accuracy"])
    limits = percent["percent"].min(), percent["percent"].max()
    for panel, (method, target), title in zip(used, places, titles, strict=True):
        chosen = (percent["method"] == method) & (percent["target"] == target)
        panel.set_title(title, fontsize=10, parse_math=False)
        _heat_map(panel, percent[chosen], across, down, limits)
    return figure


def _heat_map(
    panel: Axes, percent: pd.DataFrame, across: str, down: list[str], limits: tuple[float, float]
) -> None:
    if percent.empty:  # none of it has been run
        panel.set_axis_off()
        return
    rows = percent[down].map(setting_text).agg(", ".join, axis=1) if down else ""
    columns = percent[across].map(setting_text)
    labelled = percent.assign(row=rows, column=columns)
    wide, chosen, diverged = (
        labelled.pivot(index="row", columns="column", values=values).reindex(
            index=labelled["row"].unique(), columns=columns.unique()
        )
        for values in ("percent", "chosen", "diverged")
    )
    panel.imshow(wide, cmap="cividis", vmin=limits[0], vmax=limits[1], aspect="auto")
    for (i, j), value in np.ndenumerate(wide.to_numpy()):
        if diverged.iloc[i, j] > 0:
            panel.text(j, i, "div.", ha="center", va="center", color="#C85200")
            continue
        if np.isnan(value):
            continue
        ink = "white" if value < sum(limits) / 2 else "black"
        panel.text(j, i, f"{value:.1f}", ha="center", va="center", color=ink)
        if chosen.iloc[i, j]:
            frame = Rectangle((j - 0.46, i - 0.46), 0.92, 0.92, fill=False, color=ink, linewidth=2)
            panel.add_patch(frame)
    panel.set_xticks(range(wide.shape[1]), list(wide.columns))
    panel.set_yticks(range(wide.shape[0]), list(wide.index))
    panel.set_xlabel(SETTINGS[across])
    panel.set_ylabel(", ".join(SETTINGS[name] for name in down))
