"""The checks that the objectives' arguments share."""

import math
import numbers
from typing import Any


def check_positive(name: str, value: Any, or_zero: bool = False) -> None:
    """Raises ValueError unless the argument is a finite number above (or at) zero."""
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or value < 0 or (value == 0 and not or_zero):
        kind = "a number of at least 0" if or_zero else "a positive number"
        raise ValueError(f"`{name}` must be {kind}. Received: {name}={value!r}")
