"""All figures of a comparison."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from dg_keras.benchmark.config.config import Config
from dg_keras.benchmark.records.record import Record
from dg_keras.benchmark.report.figures.box_plots import box_plots
from dg_keras.benchmark.report.figures.conflict_maps import conflict_maps
from dg_keras.benchmark.report.figures.gains import gains
from dg_keras.benchmark.report.figures.pair_gains import pair_gains
from dg_keras.benchmark.report.figures.similarity_curves import similarity_curves
from dg_keras.benchmark.report.figures.training_curves import training_curves
from dg_keras.benchmark.report.summary import Summary

NAMES = ("accuracy", "gains", "pairs", "similarity", "conflict", "training")
"""Of their files, without ending, in the order in which a report has them."""


def figures_of(
    config: Config, records: Sequence[Record], summary: Summary, narrow: bool = False
) -> dict[str, Figure]:
    """The figures in which there is something to show, by name.

    Args:
        config: The experiment, which is no grid search.
        records: Of the runs that have been done.
        summary: Their numbers.
        narrow: Whether the panels of each are below each other, for a phone, but for box plots.
    """
    results = [record for record in records if not record.diverged]
    drawn = (
        box_plots(results, summary),
        gains(config, summary, narrow),
        pair_gains(config, summary, narrow),
        similarity_curves(results, narrow),
        conflict_maps(results, narrow),
        training_curves(results, narrow),
    )
    named = zip(NAMES, drawn, strict=True)
    return {name: figure for name, figure in named if figure is not None}
