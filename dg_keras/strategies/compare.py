"""What each strategy makes of the same gradients."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from dg_keras.common.needs_matplotlib import needs_matplotlib
from dg_keras.strategies.get import BY_NAME, get
from dg_keras.strategies.strategy import Strategy, densified

_ANGLE = "angle to "


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
        return comparison_plot(self.table, _ANGLE)


def compare(
    domain_gradients: Sequence[Sequence[Any]] | Mapping[str, Sequence[Any]],
    strategies: Iterable[str | dict[str, Any] | Strategy] = tuple(BY_NAME),
    step: int = 0,
) -> Comparison:
    """Merges the same gradients with several strategies.

    Args:
        domain_gradients: A gradient per domain, as for `Strategy`; a dict names the domains.
        strategies: Strategies, their names or configs. Defaults to all of this library.
        step: The number of the training step, of which some draw.

    Returns:
        What each keeps, how far it is from each domain's gradient, and how long it is.

    Example:
    >>> gradients = {"photo": [[4.0, 1.0]], "sketch": [[-2.0, 2.0]]}
    >>> compared = dg_keras.strategies.compare(gradients, ["mean", "agr_sum", "pcgrad"])
    >>> compared.table.round(1)
             length  kept  angle to photo  angle to sketch
    mean        1.0   1.0            42.3             78.7
    agr_sum     1.7   0.5            76.0             45.0
    pcgrad      2.9   1.0            54.5             66.5
    """
    if isinstance(domain_gradients, Mapping):
        names, gradients = list(domain_gradients), list(domain_gradients.values())
    else:
        gradients = list(domain_gradients)
        names = [str(number) for number in range(len(gradients))]
    _, dense = densified(gradients)
    own = [_flat(gradient) for gradient in dense]
    mean = np.linalg.norm(np.mean(own, axis=0))
    merged = {
        given if isinstance(given, str) else repr(get(given)): _flat(get(given)(dense, step))
        for given in strategies
    }
    rows = {
        name: {
            "length": _divided(np.linalg.norm(vector), mean),
            "kept": np.mean(vector != 0),
            **{_ANGLE + d: _angle(vector, g) for d, g in zip(names, own, strict=True)},
        }
        for name, vector in merged.items()
    }
    return Comparison(pd.DataFrame.from_dict(rows, orient="index"))


def _flat(gradient: Sequence[Any]) -> np.ndarray:
    return np.concatenate([np.asarray(g, "float64").ravel() for g in gradient] or [np.zeros(0)])


def _angle(first: np.ndarray, second: np.ndarray) -> float:
    cosine = _divided(first @ second, np.linalg.norm(first) * np.linalg.norm(second))
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def _divided(value: float, by: float) -> float:
    return float(value / by) if by else float("nan")
