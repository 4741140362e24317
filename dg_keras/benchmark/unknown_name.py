"""What is said of a name that is not known."""

import difflib
from collections.abc import Iterable


def unknown_name(what: str, name: str, known: Iterable[str]) -> str:
    """Half a sentence: that the name is not of a kind, and which known names are nearest.

    Args:
        what: The kind, with its article ("a method").
        name: What came.
        known: What there is.
    """
    known = list(known)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4) or known
    return f"not {what}: {name!r}. Nearest: {', '.join(near)}"
