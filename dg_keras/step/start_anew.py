"""An optimizer as it was before its first step."""

from collections.abc import Sequence

import keras


def start_anew(optimizer: keras.optimizers.Optimizer, variables: Sequence[keras.Variable]) -> None:
    """Puts the optimizer's moments and its count of steps back to the start.

    Args:
        optimizer: The optimizer, or the one around it that scales the loss: the scale is no
            moment, and stays.
        variables: What it trains.
    """
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    if not inner.built:  # it has taken no step
        return
    fresh = type(inner).from_config(inner.get_config())
    fresh.build(variables)
    for variable, value in zip(inner.variables, fresh.variables, strict=True):
        variable.assign(value)
