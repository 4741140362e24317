"""A grid search at a glance."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from dg_keras.benchmark.config import Config
from dg_keras.benchmark.figures._panels import panels, wrapped_panels


def heat_maps(config: Config, means: pd.DataFrame) -> Figure:
    """Validation accuracy by learning rate and weight decay; a frame is around what was chosen.

    One panel per method, and per held-out domain (across) where settings are chosen for each.

    Args:
        config: The experiment, with a `grid`.
        means: From `grid_means`.
    """
    methods, targets = list(means["method"].unique()), list(means["target"].unique())
    size = (3, 2.6)
    if config.grid.choose == "per_target":
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
        _heat_map(panel, percent[chosen], limits)
    return figure


def _heat_map(panel: Axes, percent: pd.DataFrame, limits: tuple[float, float]) -> None:
    if percent.empty:  # none of it has been run
        panel.set_axis_off()
        return
    wide, chosen = (
        percent.pivot(index="weight_decay", columns="learning_rate", values=values)
        for values in ("percent", "chosen")
    )
    panel.imshow(wide, cmap="cividis", vmin=limits[0], vmax=limits[1], aspect="auto")
    for (i, j), value in np.ndenumerate(wide.to_numpy()):
        if np.isnan(value):
            continue
        ink = "white" if value < sum(limits) / 2 else "black"
        panel.text(j, i, f"{value:.1f}", ha="center", va="center", color=ink)
        if chosen.iloc[i, j]:
            frame = Rectangle((j - 0.46, i - 0.46), 0.92, 0.92, fill=False, color=ink, linewidth=2)
            panel.add_patch(frame)
    panel.set_xticks(range(wide.shape[1]), [f"{rate:g}" for rate in wide.columns])
    panel.set_yticks(range(wide.shape[0]), [f"{decay:g}" for decay in wide.index])
    panel.set_xlabel("learning rate")
    panel.set_ylabel("weight decay")
