"""An argument that must be one of some names."""

import difflib
from collections.abc import Collection


def check_choice(
    argument: str, value: str | None, choices: Collection[str | None], otherwise: str = ""
) -> None:
    """Raises if a value is none of the choices, with the nearest of them.

    Args:
        argument: The argument's name.
        value: What it was given.
        choices: What it may be.
        otherwise: What else it may be, put before the choices.

    Raises:
        ValueError: If it is none of them.
    """
    if value in choices:
        return
    near = difflib.get_close_matches(str(value), [c for c in choices if c is not None], n=1)
    hint = f", which is near to {near[0]!r}" if near else ""
    raise ValueError(
        f"`{argument}` must be {otherwise}one of {', '.join(map(repr, choices))}. Received: "
        f"{argument}={value!r}{hint}"
    )
