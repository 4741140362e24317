"""The checks that the objectives' arguments share."""

import numbers
from typing import Any

from dg_keras.common.shortened import shortened

_LARGEST = 1e9
"""What is larger is a slip, and makes float32 overflow."""


def check_positive(name: str, value: Any, or_zero: bool = False) -> None:
    """Raises ValueError unless the argument is a number above (or at) zero, and no huge one."""
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= _LARGEST or (value == 0 and not or_zero):
        kind = "a number of at least 0" if or_zero else "a positive number"
        raise ValueError(
            f"`{name}` must be {kind}, and at most {_LARGEST:g}. "
            f"Received: {name}={shortened(value)}"
        )


def check_share(name: str, value: Any) -> None:
    """Raises ValueError unless the argument is a number between 0 and 1."""
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not is_number or not 0 < value < 1:
        raise ValueError(
            f"`{name}` must be a number between 0 and 1. Received: {name}={shortened(value)}"
        )
