"""The known names that are nearest to one that is not known."""

import difflib
from collections.abc import Iterable

_SHOWN = 8


def nearest(name: str, known: Iterable[str]) -> str:
    """The names that look like it, or else the first of all, with commas between them.

    Args:
        name: What came.
        known: What there is.
    """
    known = list(known)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4) or known[:_SHOWN]
    return ", ".join(near)
