"""Finds a strategy by name, config or instance."""

from typing import Any

from dg_keras.common.configured import look_up
from dg_keras.strategies.agr_rand import AgrRand
from dg_keras.strategies.agr_sum import AgrSum
from dg_keras.strategies.mean import Mean
from dg_keras.strategies.pcgrad import PCGrad
from dg_keras.strategies.strategy import Strategy

BY_NAME: dict[str, type[Strategy]] = {
    "mean": Mean,
    "agr_sum": AgrSum,
    "agr_rand": AgrRand,
    "pcgrad": PCGrad,
}


def get(identifier: str | dict[str, Any] | Strategy) -> Strategy:
    """Returns a strategy, as `keras.losses.get` does a loss.

    Args:
        identifier: A strategy; the name of one of this library ("agr_sum") or of one registered
            with Keras ("my_project>Median"); or a dict with "class_name" (such a name) and
            "config" (the constructor's arguments).

    Raises:
        ValueError: If there is no such strategy.
    """
    return look_up(identifier, "strategy", Strategy, BY_NAME)
