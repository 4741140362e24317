"""What each strategy makes of the same gradients."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, SupportsFloat

import numpy as np
import pandas as pd

from dg_keras.common.shortened import shortened
from dg_keras.strategies.comparison import ANGLE, Comparison
from dg_keras.strategies.get import BY_NAME, get
from dg_keras.strategies.strategy import Strategy, densified


def compare(
    domain_gradients: Sequence[Sequence[Any]] | Mapping[str, Sequence[Any]],
    strategies: Sequence[str | dict[str, Any] | Strategy] | None = None,
    step: int = 0,
) -> Comparison:
    """Merges the same gradients with several strategies.

    Args:
        domain_gradients: A gradient per domain, as for `Strategy`; a dict names the domains.
        strategies: Strategies, their names or configs. Defaults to all of this library that take so
            many domains.
        step: The number of the training step, of which some draw.

    Returns:
        What each keeps, how far it is from each domain's gradient, and how long it is; of a
        strategy that remembers, in its first step.

    Raises:
        ValueError: If there are no strategies, or the gradients are none.

    Examples:
        >>> gradients = {"photo": [[4.0, 1.0]], "sketch": [[-2.0, 2.0]]}
        >>> compared = dg_keras.strategies.compare(gradients, ["mean", "agr_sum", "pcgrad"])
        >>> compared.table.round(1)
                 length  kept  angle to photo  angle to sketch
        mean        1.0   1.0            42.3             78.7
        agr_sum     1.7   0.5            76.0             45.0
        pcgrad      2.9   1.0            54.5             66.5
    """
    if isinstance(domain_gradients, Mapping):
        names, gradients = [*domain_gradients], [*domain_gradients.values()]
    else:
        names, gradients = [*range(len(domain_gradients))], [*domain_gradients]
    if strategies is None:
        known = {name: get(name) for name in BY_NAME}
        strategies = [
            name for name, s in known.items() if len(gradients) <= (s.most_domains or np.inf)
        ]
    if not isinstance(strategies, list | tuple) or not strategies:
        raise ValueError(
            f"`strategies` must be a list of strategies. Received: {shortened(strategies)}"
        )
    _, dense = densified(gradients)
    if not dense:
        raise ValueError(
            "`domain_gradients` must hold a gradient of some variable. Received: None for all"
        )
    own = [_flat(gradient) for gradient in dense]
    mean = np.linalg.norm(np.mean(own, axis=0))
    rows, index = [], []
    for given in strategies:
        vector = _flat(get(given)(dense, step))
        index.append(given if isinstance(given, str) else repr(get(given)))
        rows.append(
            {
                "length": _divided(np.linalg.norm(vector), mean),
                "kept": np.mean(vector != 0),
                **{f"{ANGLE}{d}": _angle(vector, g) for d, g in zip(names, own, strict=True)},
            }
        )
    return Comparison(pd.DataFrame(rows, index))


def _flat(gradient: Sequence[Any]) -> np.ndarray:
    return np.concatenate([np.asarray(g, "float64").ravel() for g in gradient])


def _angle(first: np.ndarray, second: np.ndarray) -> float:
    cosine = _divided(first @ second, np.linalg.norm(first) * np.linalg.norm(second))
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def _divided(value: SupportsFloat, by: SupportsFloat) -> float:
    # Of infinities nothing is told.
    value, by = float(value), float(by)
    return value / by if by and np.isfinite([value, by]).all() else math.nan
