"""Where data, weights and configs are looked for."""

import importlib.util
import os
from pathlib import Path

_ABOVE = Path(__file__).resolve().parents[2]
# Installed, the package stands among others, whose folders are of anything.
_CHECKOUT = _ABOVE if (_ABOVE / "run_all.py").is_file() else None


def places(kind: str) -> list[Path]:
    """The folders in which data, weights or configs are looked for, in this order.

    Args:
        kind: "data", "weights" or "configs".

    Returns:
        The checkout's folder of that name, `$DG_KERAS_HOME`'s, which is `~/.dg_keras` where it is
        not set, and that of the package `dg_keras_data`, where it is installed.
    """
    found = [place / kind for place in (_CHECKOUT, home()) if place is not None]
    package = importlib.util.find_spec("dg_keras_data")
    if package is not None:
        found += [Path(folder) / kind for folder in package.submodule_search_locations or ()]
    return found


def home() -> Path:
    """`$DG_KERAS_HOME`, or `~/.dg_keras` where it is not set, or empty."""
    # Unlike a path's own, it leaves "~" where nobody has a home, as in some containers.
    return Path(os.path.expanduser(os.environ.get("DG_KERAS_HOME") or "~/.dg_keras"))
