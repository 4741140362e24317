"""Accuracy along training."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from dg_keras.benchmark.records.record import Record
from dg_keras.benchmark.report.figures._curves import Curves, curves_figure

_SOURCE = "val_accuracy/"
_TARGET = "test_accuracy/"


def training_curves(records: Sequence[Record], narrow: bool = False) -> Figure | None:
    """Accuracy on each source's validation part and on the held-out domain, in percent.

    Args:
        records: Of the runs that have been done.
        narrow: Whether the panels are below each other, for a phone.

    Returns:
        The figure; None where the domains' accuracies were not recorded.
    """
    curves: Curves = {}
    for record in records:
        for key, values in record.history.items():
            domain = key.removeprefix(_SOURCE).removeprefix(_TARGET)
            if domain == key:
                continue
            place = record.target, record.method, domain
            percent = 100 * np.asarray(values)
            curves.setdefault(place, []).append((record.history_steps, percent))
    return curves_figure(curves, "accuracy in %", bounds=(0, 100), narrow=narrow)
