"""Finds a strategy by name, config or instance."""

import difflib
from typing import Any

import keras

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
    if isinstance(identifier, Strategy):
        return identifier
    if isinstance(identifier, str):
        return _class(identifier)()
    if isinstance(identifier, dict) and "class_name" in identifier:
        name = identifier.get("registered_name") or identifier["class_name"]
        return _class(name).from_config(identifier.get("config", {}))
    raise ValueError(
        "`strategy` must be a strategy, its name, or a dict with `class_name` and `config`. "
        f"Received: {identifier!r}"
    )


def _class(name: str) -> type[Strategy]:
    found = BY_NAME.get(name) or keras.saving.get_registered_object(name)
    if isinstance(found, type) and issubclass(found, Strategy):
        return found
    near = difflib.get_close_matches(name, BY_NAME, n=2) or list(BY_NAME)
    raise ValueError(
        f"`strategy` must be the name of a strategy, such as {', '.join(near)}. Received: {name!r}"
    )
