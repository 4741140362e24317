"""Figures, for which an installation of the core has nothing to draw with."""

import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def needs_matplotlib(what: str) -> Iterator[None]:
    """Says how matplotlib is had, where an import inside does not find it.

    Args:
        what: What needs it.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"`{what}` needs matplotlib, which `pip install dg_keras[benchmark]` installs. "
            f"Received: {error}",
            name=error.name,
        ) from error
