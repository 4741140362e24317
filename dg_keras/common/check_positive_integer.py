"""Numbers of samples, steps and evaluations."""

from typing import Any

from dg_keras.common.is_whole import is_whole


def check_positive_integer(name: str, value: Any) -> None:
    """Raises ValueError unless an argument is an integer of 1 or more."""
    if not is_whole(value) or value < 1:
        raise ValueError(f"`{name}` must be a positive integer. Received: {name}={value!r}")
