"""How many samples a batch may have."""

from typing import Any

from dg_keras.common.is_whole import is_whole


def check_batch_size(batch_size: Any) -> None:
    """Raises if a batch size is no positive whole number.

    Args:
        batch_size: What was given.

    Raises:
        ValueError: If it is not.
    """
    if not is_whole(batch_size) or batch_size < 1:
        raise ValueError(
            f"`batch_size` must be a positive whole number. Received: batch_size={batch_size!r}"
        )
