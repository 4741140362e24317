"""The files of a run that has not been done."""

import contextlib
import itertools
from collections.abc import Iterable
from pathlib import Path

from dg_keras.benchmark.config.run import Run
from dg_keras.benchmark.records.claims import Claims
from dg_keras.common.clear_leftovers import clear_leftovers
from dg_keras.common.write_whole import write_whole

_HALF_WRITTEN = 3600  # seconds that nothing takes to be written


class RunFiles:
    """What is kept of runs that have been broken off, and of those that failed.

    Args:
        folder: The experiment's. A run's state is in `checkpoints/<key>.npz`, and the trace of the
            error that it failed with in `runs/<key>.log`.
    """

    def __init__(self, folder: Path) -> None:
        self._runs = folder / "runs"
        self._checkpoints = folder / "checkpoints"
        self._folders = [self._runs, self._checkpoints, folder]

    def checkpoint(self, run: Run) -> Path:
        """The file of the run's state."""
        return self._checkpoints / f"{run.key}.npz"

    def log(self, run: Run) -> Path:
        """The file of the run's error."""
        return self._runs / f"{run.key}.log"

    def write_log(self, run: Run, trace: str) -> None:
        """Writes the trace of the error that a run failed with."""
        write_whole(self.log(run), trace.encode(errors="backslashreplace"))

    def remove(self, run: Run) -> None:
        """Removes those of a run that has been done."""
        self.checkpoint(run).unlink(missing_ok=True)
        self.log(run).unlink(missing_ok=True)

    def clear(self, done: Iterable[Run]) -> None:
        """Removes what killed processes left: halves of files, and those of runs that were done.

        No other process may be running the experiment.
        """
        clear_leftovers(self._folders)
        for run in done:
            self.remove(run)
        with contextlib.suppress(OSError):  # it is not empty, or not there
            self._checkpoints.rmdir()

    def clear_beside_others(self, done: Iterable[Run], claims: Claims) -> None:
        """The same where other processes, which may live, make runs of the experiment, too.

        Halves of files are left for an hour, and those of a run that somebody has claimed.
        """
        halves = [path for folder in self._folders for path in folder.glob(".*.partial")]
        for path, seconds in zip(halves, claims.ages(halves), strict=True):
            if seconds is not None and seconds > _HALF_WRITTEN:
                path.unlink(missing_ok=True)
        paths = itertools.chain(self._checkpoints.glob("*.npz"), self._runs.glob("*.log"))
        left = {path.stem for path in paths}
        runs = [run for run in done if run.key in left]
        for run, is_claimed in zip(runs, claims.are_held(runs), strict=True):
            if not is_claimed:
                self.remove(run)
