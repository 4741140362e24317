"""How similar gradients are along training."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from dg_keras.benchmark.records.record import Record
from dg_keras.benchmark.report.figures._curves import Curves, curves_figure


def similarity_curves(records: Sequence[Record], narrow: bool = False) -> Figure | None:
    """Cosines of single samples' gradients, as figure 2 of Mansilla et al. (2021).

    Args:
        records: Of the runs that have been done.
        narrow: Whether the panels are below each other, for a phone.

    Returns:
        The figure; None where no similarity was recorded.
    """
    curves: Curves = {}
    for record in records:
        if record.similarity is not None:
            steps = record.similarity.steps
            for line in ("within", "between"):
                place = record.target, record.method, f"{line} domains"
                curves.setdefault(place, []).append((steps, getattr(record.similarity, line)))
    return curves_figure(curves, "cosine of two samples' gradients", bounds=(-1, 1), narrow=narrow)
