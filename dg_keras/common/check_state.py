"""What a strategy or objective of the user's remembers from step to step."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf


def check_state(rule: str, after: Any, before: Mapping[str, Any]) -> None:
    """Raises ValueError unless a state has the names, shapes and dtypes that it had.

    Args:
        rule: What must return it, as the beginning of a sentence.
        after: The new state.
        before: The one before it.
    """
    rule = f"{rule} must return a state like the one before"
    if not isinstance(after, dict) or set(after) != set(before):
        names = list(after) if isinstance(after, dict) else type(after).__name__
        raise ValueError(f"{rule}, with {list(before)}. Received: {names}")
    for name, value in before.items():
        was, now = tf.convert_to_tensor(value), tf.convert_to_tensor(after[name])
        if now.dtype != was.dtype or not now.shape.is_compatible_with(was.shape):
            raise ValueError(
                f"{rule}, of `{name}` a {was.dtype.name} of shape {tuple(was.shape)}. "
                f"Received: a {now.dtype.name} of shape {tuple(now.shape)}"
            )
