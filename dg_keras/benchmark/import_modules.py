"""Modules of the user's own."""

import importlib
from collections.abc import Iterable


def import_modules(modules: Iterable[str]) -> None:
    """Imports what registers strategies and objectives of the user's own.

    Raises:
        ValueError: If there is no such module.
    """
    for module in modules:
        try:
            importlib.import_module(module)
        except ModuleNotFoundError as error:
            raise ValueError(f"`imports`: {error}. Received: {module!r}") from error
