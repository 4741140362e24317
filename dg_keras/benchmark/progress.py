"""What runs, how many runs are left, and when they will be done."""

import datetime
import time
from types import TracebackType
from typing import Self

import rich.console
import rich.progress

from dg_keras.benchmark.records import Run


class Progress:
    """A bar in a terminal, and a line for every finished run everywhere.

    Args:
        total: The number of runs in the grid.
        done: How many of them were done before.
    """

    def __init__(self, total: int, done: int) -> None:
        self.console = rich.console.Console(highlight=False, soft_wrap=True)
        self._total = total
        self._done = done
        self._before = done
        self._start = time.monotonic()
        self._bar = rich.progress.Progress(
            rich.progress.TextColumn("{task.description}"),
            rich.progress.BarColumn(),
            rich.progress.MofNCompleteColumn(),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self._task = self._bar.add_task("preparing", total=total, completed=done)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def started(self, run: Run) -> None:
        """Shows which run is on."""
        self._bar.update(self._task, description=_name(run))

    def finished(self, run: Run, result: dict[str, float], seconds: float) -> None:
        """Counts a run, and says what came of it."""
        self._done += 1
        self._bar.update(self._task, completed=self._done)
        # The runs of a grid are not tested.
        measure = "accuracy" if "accuracy" in result else "validation_accuracy"
        self.console.print(
            f"[{self._done}/{self._total}] {_name(run)}: "
            f"{measure.replace('_', ' ')} {100 * result[measure]:.2f} % "
            f"in {seconds:.1f} s{self._remaining()}",
            markup=False,
        )

    def _remaining(self) -> str:
        left = self._total - self._done
        if not left:
            return ""
        elapsed = time.monotonic() - self._start
        seconds = elapsed / (self._done - self._before) * left
        end = datetime.datetime.now() + datetime.timedelta(seconds=seconds)
        return f"; {left} left, done at about {end:%H:%M}" + (
            f" on {end:%d %B}" if end.date() > datetime.date.today() else ""
        )


def _name(run: Run) -> str:
    return f"trial {run.trial}, {run.target} held out, {run.method.name}"
