"""What tells two configurations apart."""

from typing import Any

from dg_keras.common.one_line import one_line
from dg_keras.common.shortened import shortened

_SHOWN = 100  # characters of a key


def first_difference(old: Any, new: Any, key: str = "") -> str:
    """The first key whose value differs, with both.

    Args:
        old: What a file was made with, dicts of dicts.
        new: What is wanted now.
        key: Where in a larger one these two are, dotted.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted({*old, *new}):
            if name not in old or name not in new or old[name] != new[name]:
                inner = f"{key}.{name}" if key else name
                return first_difference(old.get(name), new.get(name), inner)
    return f"{one_line(key, _SHOWN)}: {shortened(old)}, now {shortened(new)}"
