"""Modules of the user's own."""

import importlib
from collections.abc import Iterable

from dg_keras.common.one_line import one_line
from dg_keras.common.shortened import shortened


def import_modules(modules: Iterable[str]) -> None:
    """Imports what registers strategies and objectives of the user's own.

    Raises:
        ValueError: If there is no such module, or it raises something.
    """
    for module in modules:
        try:
            importlib.import_module(module)
        except (Exception, SystemExit) as error:
            raise ValueError(
                "`imports` must be modules that can be imported. "
                f"Received: {shortened(module)}, and with it "
                f"{type(error).__name__}: {one_line(str(error))}"
            ) from error
