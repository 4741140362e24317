"""What must be True or False."""

from typing import Any

from dg_keras.common.shortened import shortened


def check_is_bool(name: str, value: Any) -> None:
    """Raises ValueError unless an argument is True or False."""
    if not isinstance(value, bool):
        raise ValueError(f"`{name}` must be True or False. Received: {name}={shortened(value)}")
