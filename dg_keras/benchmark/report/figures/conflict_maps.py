"""Where in a network the domains' gradients conflict."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from dg_keras.benchmark.records.record import Conflicts, Record
from dg_keras.benchmark.report.figures._panels import panels

_NUMBERS = 12  # that a panel's horizontal axis has room for


def conflict_maps(records: Sequence[Record], narrow: bool = False) -> Figure | None:
    """The share of components on which the domains conflict, per layer along training.

    One panel per method: the mean over its trials and held-out domains. White is what gradients of
    random signs would come to, 1 - 2^(1 - N) for N source domains.

    Args:
        records: Of the runs that have been done.
        narrow: Whether the panels are below each other, for a phone.

    Returns:
        The figure; None where no conflicts were recorded.
    """
    found: dict[str, list[Conflicts]] = {}
    for record in records:
        if record.conflicts is not None:
            found.setdefault(record.method, []).append(record.conflicts)
    if not found:
        return None
    layers, steps = next((list(c[0].shares), c[0].steps) for c in found.values())
    # A share is none where gradients were infinite: the run's loss was not, or it would have ended.
    means = {
        method: np.ma.mean(
            np.ma.masked_invalid([[c.shares[layer] for layer in layers] for c in conflicts]), axis=0
        )
        for method, conflicts in found.items()
    }
    (sources,) = {_sources(record) for record in records if record.conflicts is not None}
    chance = 1 - 2.0 ** (1 - sources)
    furthest = [abs(mean - chance).max() for mean in means.values()]
    span = max([0.1, *(float(far) for far in furthest if far is not np.ma.masked)])
    height = max(2.6, 1.2 + 0.28 * len(layers))  # inches, for the colour bar's label too
    figure, axes = panels(1, len(means), (4.6, height), sharey=True, narrow=narrow)
    every = -(-len(steps) // (_NUMBERS // 2 if narrow else _NUMBERS))
    for panel, (method, mean) in zip(axes[0], means.items(), strict=True):
        picture = panel.imshow(
            mean, cmap="PuOr_r", vmin=chance - span, vmax=chance + span, aspect="auto"
        )
        panel.set_xticks(range(0, len(steps), every), steps[::every])
        panel.set_yticks(range(len(layers)), layers, fontsize=8, parse_math=False)
        panel.set_xlabel("step")
        panel.set_title(method, fontsize=10, parse_math=False)
    label = f"share of conflicting components\n(of random signs: {chance:g})"
    place = "top" if narrow else "right"
    figure.colorbar(picture, ax=list(axes[0]), label=label, location=place)
    return figure


def _sources(record: Record) -> int:
    """The number of domains that a run was trained on."""
    return sum(key.startswith("loss/") for key in record.history)
