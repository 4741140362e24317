"""Domains and classes that are one, and are written in two ways."""

import unicodedata

import pandas as pd


def check_names(table: pd.DataFrame, source: str) -> None:
    """Raises if two domains or classes look the same, which would be told apart in silence.

    Hands write capitals and spaces in several ways, and macOS writes letters and accents apart.
    Classes that some domain tells apart, as letters A and a, are meant to be two.

    Args:
        table: Columns `domain` and `class`.
        source: The folder or manifest that it was read from.

    Raises:
        ValueError: If names differ in capitals, in spaces around them or in their Unicode alone.
    """
    for what in ("domain", "class"):
        seen: dict[str, str] = {}
        domains = table.groupby(what)["domain"].agg(set).to_dict()
        for name in sorted(domains):
            other = seen.setdefault(_plain(name).lower(), name)
            are_plain = name == _plain(name) and other == _plain(other)
            is_meant = are_plain and domains[name] & domains[other]
            if other != name and not is_meant:
                raise ValueError(
                    f"A {what} in {source!r} must have one spelling. Received: {other!a} and "
                    f"{name!a}, which differ in capitals, spaces around them or Unicode alone"
                )


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).strip()
