"""How a setting of a grid search is written."""

from typing import Any


def setting_text(value: Any) -> str:
    """A setting's value as it is read in tables, and in the names of runs."""
    return value if isinstance(value, str) else f"{value:g}"
