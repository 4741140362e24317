"""What runs, how many runs are left, and when they will be done."""

import contextlib
import datetime
import errno
import logging
import sys
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self, TextIO

import rich.console
import rich.progress

from dg_keras.benchmark.config.run import Run
from dg_keras.benchmark.records.record import Record


class Progress:
    """A bar in a terminal, and a line for every finished run everywhere.

    What is printed, warned or logged in this process while the bar is shown appears above it.

    Args:
        total: The number of runs of the experiment.
        done: How many of them were done before.
        recorded: The keys of those of which there is a record by now, where other processes make
            some.
    """

    def __init__(
        self, total: int, done: int, recorded: Callable[[], set[str]] | None = None
    ) -> None:
        self.console = rich.console.Console(highlight=False, soft_wrap=True)
        self._total = total
        self._done = done
        self._before = done
        self._failed: set[str] = set()
        self._recorded = recorded
        self._start = time.monotonic()
        self._bar = rich.progress.Progress(
            rich.progress.TextColumn("{task.description}", markup=False),
            rich.progress.BarColumn(),
            rich.progress.MofNCompleteColumn(),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self._task = self._bar.add_task("preparing", total=total, completed=done)
        self._shown = contextlib.ExitStack()

    def __enter__(self) -> Self:
        stderr = sys.stderr
        with contextlib.ExitStack() as shown:
            shown.enter_context(self._bar)
            # Rich now has sys.stderr; loggers, TensorFlow's among them, still have the one before.
            if sys.stderr is not stderr:
                for handler in _handlers_of(stderr):
                    shown.callback(handler.setStream, stderr)
                    handler.setStream(sys.stderr)
            self._shown = shown.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._unless_gone():
            self._shown.close()

    def started(self, run: Run) -> None:
        """Shows which run is on."""
        self._bar.update(self._task, description=_name(run))

    def finished(self, run: Run, record: Record) -> None:
        """Counts a run, and says what came of it."""
        self._count()
        self.say(
            f"[{self._done}/{self._total}] {_name(run)}: {_outcome(record)} in "
            f"{record.seconds.total:.1f} s{self._remaining()}"
        )

    def failed(self, run: Run, failure: str) -> None:
        """Counts a run that failed, and says why."""
        self._failed.add(run.key)
        self._count()
        self.say(f"[{self._done}/{self._total}] {_name(run)}: failed: {failure}{self._remaining()}")

    def say(self, shown: Any) -> None:
        """Prints, as long as there is somebody to read it: runs don't end with their terminal."""
        with self._unless_gone():
            self.console.print(shown, markup=False)

    @contextlib.contextmanager
    def _unless_gone(self) -> Iterator[None]:
        """Goes on where the terminal, the disk or the program that is printed to has gone."""
        try:
            yield
        except SystemExit as error:  # which rich makes of a broken pipe
            if not isinstance(error.__context__, BrokenPipeError):
                raise
        except OSError as error:
            # Of a terminal that is gone nothing comes again, and of a disk that is full it may.
            self.console.quiet = error.errno == errno.EIO

    def _count(self) -> None:
        """Counts a run of this process, or, of all processes, what is recorded or failed here."""
        if self._recorded is None:
            self._done += 1
        else:
            self._done = len(self._recorded() | self._failed)
        self._bar.update(self._task, completed=self._done)

    def _remaining(self) -> str:
        left = self._total - self._done
        if not left:
            return ""
        elapsed = time.monotonic() - self._start
        seconds = elapsed / max(1, self._done - self._before) * left
        end = datetime.datetime.now() + datetime.timedelta(seconds=seconds)
        return f"; {left} left, done at about {end:%H:%M}" + (
            f" on {end:%d %B}" if end.date() > datetime.date.today() else ""
        )


def _outcome(record: Record) -> str:
    if record.result is None:
        return f"diverged {record.diverged},"
    if record.result.accuracy is None:  # a grid search tests nothing
        return f"validation accuracy {100 * record.result.validation_accuracy:.2f} %"
    return f"accuracy {100 * record.result.accuracy:.2f} %"


def _name(run: Run) -> str:
    return f"trial {run.trial}, {run.target} held out, {run.method.name}"


def _handlers_of(stream: TextIO) -> list[logging.StreamHandler]:
    """The handlers of all loggers that write to a stream."""
    loggers = [logging.getLogger(), *map(logging.getLogger, logging.root.manager.loggerDict)]
    handlers = [handler for logger in loggers for handler in logger.handlers]
    return [h for h in handlers if isinstance(h, logging.StreamHandler) and h.stream is stream]
