"""The figure of `GradientAgreement`."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Of Okabe and Ito's colours for colour-blind readers, two whose greys differ too.
_COSINE, _AGREEMENT = "#0072B2", "#E69F00"


def agreement_plot(measurements: pd.DataFrame, prefix: str) -> Figure:
    """Draws cosine similarity and agreement along training, and conflicts by layer.

    Args:
        measurements: A row per measurement, as `GradientAgreement` has them.
        prefix: What the columns of the values begin with.

    Returns:
        A figure, which pyplot does not know and need not close.
    """
    start = f"{prefix}/agreement/"
    layers = [c.removeprefix(start) for c in measurements if c.startswith(start)]
    heights = [3.0, 0.8 + 0.22 * len(layers)] if layers else [3.0]
    figure = Figure(figsize=(5.6, sum(heights)), layout="constrained")
    axes = figure.subplots(len(heights), sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    _lines(
        axes[0], measurements.drop(columns=[f"{prefix}/cosine/{name}" for name in layers]), prefix
    )
    if layers:
        _heat_map(axes[1], measurements["step"], measurements[[start + name for name in layers]])
        axes[1].set_yticks(np.arange(len(layers)) + 0.5, layers, fontsize=8)
    axes[-1].set_xlabel("training steps")
    return figure


def _lines(axes: Axes, measurements: pd.DataFrame, prefix: str) -> None:
    steps = measurements["step"]
    pairs = measurements[[c for c in measurements if c.startswith(f"{prefix}/cosine/")]]
    axes.axhline(0, color="0.7", linewidth=0.8)
    axes.fill_between(steps, pairs.min(axis=1), pairs.max(axis=1), color=_COSINE, alpha=0.2, lw=0)
    for key, label, colour, style in (
        ("cosine", "cosine similarity (mean; band: all pairs of domains)", _COSINE, "o-"),
        ("agreement", "share of agreeing components", _AGREEMENT, "s--"),
    ):
        axes.plot(
            steps, measurements[f"{prefix}/{key}"], style, color=colour, label=label, markersize=4
        )
    axes.set_ylim(min(-0.05, pairs.min(axis=None) - 0.05), 1.05)
    axes.set_ylabel("similarity of the\ndomains' gradients")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), fontsize=8, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)


def _heat_map(axes: Axes, steps: pd.Series, agreement: pd.DataFrame) -> None:
    """Layers by steps; a cell ends at the step of its measurement."""
    conflicts = 1 - agreement.to_numpy().T
    mesh = axes.pcolormesh(
        [0, *steps], np.arange(len(conflicts) + 1), conflicts, cmap="cividis", vmin=0
    )
    axes.invert_yaxis()
    axes.figure.colorbar(mesh, ax=axes, aspect=40, label="share of conflicting\ncomponents")
