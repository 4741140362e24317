"""How many samples a batch may have."""

import numbers
from typing import Any


def check_batch_size(batch_size: Any) -> None:
    """Raises if a batch size is no positive whole number.

    Args:
        batch_size: What was given.

    Raises:
        ValueError: If it is not.
    """
    is_whole = isinstance(batch_size, numbers.Integral) and not isinstance(batch_size, bool)
    if not is_whole or batch_size < 1:
        raise ValueError(
            f"`batch_size` must be a positive whole number. Received: batch_size={batch_size!r}"
        )
