"""Numbers that must be in a range."""

import math
import numbers
from typing import Any

from dg_keras.common.shortened import shortened


def check_between(name: str, value: Any, least: float, most: float = math.inf) -> None:
    """Raises ValueError unless an argument is a finite number from `least` to `most`."""
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or not least <= value <= most:
        rule = f"of {least:g} or more" if most == math.inf else f"from {least:g} to {most:g}"
        raise ValueError(
            f"`{name}` must be a finite number {rule}. Received: {name}={shortened(value)}"
        )
