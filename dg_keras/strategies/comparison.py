"""Strategies beside each other."""

import dataclasses
from typing import Any

import pandas as pd

from dg_keras.common.needs_matplotlib import needs_matplotlib

ANGLE = "angle to "
"""What the columns of angles begin with, before the domain's name."""


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Strategies beside each other.

    Attributes:
        table: A row per strategy. `length` is that of the merged gradient as a part of the mean
            gradient's, `kept` the share of its components that are not 0, in 0..1, and
            `angle to <domain>` the angle between it and a domain's gradient, in degrees: above 90
            the step makes that domain's loss larger. NaN where a length is 0.
    """

    table: pd.DataFrame

    def plot(self) -> Any:
        """Draws the table as a `matplotlib.figure.Figure`, which pyplot need not close."""
        with needs_matplotlib("plot"):
            from dg_keras.strategies.comparison_plot import comparison_plot
        return comparison_plot(self.table, ANGLE)
