"""Whole numbers among whatever may be given."""

import numbers
from typing import Any, TypeGuard


def is_whole(value: Any) -> TypeGuard[int]:
    """Whether a value is an integer, Python's or NumPy's, and no bool, which Python counts as one.

    Args:
        value: What was given.
    """
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)
