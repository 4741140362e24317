"""Which trackers there are."""

import importlib.util

TRACKERS = ("tensorboard", "mlflow")


def check_tracker(name: str | None) -> None:
    """Raises ValueError if there is no such tracker, or it is not installed; None is none."""
    if name is None:
        return
    if name not in TRACKERS:
        raise ValueError(f"`track` must be {' or '.join(TRACKERS)}. Received: track={name!r}")
    if importlib.util.find_spec(name) is None:
        raise ValueError(
            f"`track` needs {name}: `pip install dg_keras[{name}]`. Received: track={name!r}, and "
            f"no {name}"
        )
