"""Numbers that strategies are given."""

import math
import numbers

from dg_keras.common.shortened import shortened


def check_not_negative(name: str, value: float) -> None:
    """Raises ValueError if an argument is no finite number, or below 0."""
    check_between(name, value, 0.0, math.inf)


def check_between(name: str, value: float, least: float, most: float) -> None:
    """Raises ValueError if an argument is no number from `least` to `most`, or not finite."""
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or not least <= value <= most:
        rule = f"of {least:g} or more" if most == math.inf else f"from {least:g} to {most:g}"
        raise ValueError(
            f"`{name}` must be a finite number {rule}. Received: {name}={shortened(value)}"
        )
