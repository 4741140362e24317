"""Domains and classes that are one, and are written in two ways."""

import unicodedata

import pandas as pd


def check_names(table: pd.DataFrame, source: str) -> None:
    """Raises if two domains or classes look the same, which would be told apart in silence.

    Hands write capitals and spaces in several ways, and macOS writes letters and accents apart.

    Args:
        table: Columns `domain` and `class`.
        source: The folder or manifest that it was read from.

    Raises:
        ValueError: If names differ in capitals, in spaces around them or in their Unicode alone.
    """
    for what in ("domain", "class"):
        seen: dict[str, str] = {}
        for name in sorted(table[what].unique()):
            key = unicodedata.normalize("NFC", name).strip().casefold()
            other = seen.setdefault(key, name)
            if other != name:
                raise ValueError(
                    f"A {what} in {source!r} must have one spelling. Received: {other!a} and "
                    f"{name!a}, which differ in capitals, spaces around them or Unicode alone"
                )
