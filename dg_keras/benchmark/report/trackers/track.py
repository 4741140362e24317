"""Hands what has been run to a tracker."""

import importlib
from collections.abc import Mapping
from pathlib import Path

from dg_keras.benchmark.records.record import Record
from dg_keras.benchmark.report.trackers.tracked_run import TrackedRun
from dg_keras.common.one_line import one_line
from dg_keras.common.sole_user import sole_user
from dg_keras.common.told_if_full import NoSpaceError


class TrackingError(RuntimeError):
    """A tracker did not take what it was given. All of it is on the disk."""


def track(tracker: str, name: str, folder: Path, records: Mapping[str, Record]) -> str:
    """Hands over the runs that the tracker does not have yet, and the report's figures.

    Args:
        tracker: "tensorboard" or "mlflow".
        name: The experiment's name.
        folder: The experiment's folder.
        records: What has been run, by the runs' keys.

    Returns:
        A sentence that says where it all is.

    Raises:
        TrackingError: If the tracker fails.
    """
    runs = {key: TrackedRun.of(record) for key, record in records.items()}
    figures = sorted((folder / "report").glob("*.png"))
    try:
        # Each needs what is not installed with this library.
        module = importlib.import_module(f"dg_keras.benchmark.report.trackers.to_{tracker}")
        with sole_user(folder, "tracked", "handed over", wait=True):
            return module.hand_over(name, folder, runs, figures)
    except NoSpaceError:
        raise
    except Exception as error:  # of a server, a library of theirs, or a network
        told = one_line(f"{type(error).__name__}: {error}", 300)
        raise TrackingError(
            f"{name} could not be handed to {tracker} ({told}). What was run and reported is on "
            "the disk: the same command with --report-only hands it over"
        ) from error
