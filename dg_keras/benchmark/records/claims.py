"""Which process makes which run, where several on one disk do."""

import contextlib
import errno
import os
import socket
import threading
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import filelock

from dg_keras.benchmark.config.run import Run
from dg_keras.common.told_if_full import told_if_full

BEAT = 10
"""Seconds from one sign of life of a claim's holder to the next."""

DEAD = 120
"""Seconds without a sign of life after which a claim's holder is taken to be dead."""


@contextlib.contextmanager
def _if_there() -> Iterator[None]:
    """Does without a file that another has removed."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ESTALE):  # the second of a disk over a network
            raise


class Claims:
    """Claims on runs, and signs of who makes any: files that are touched as long as they live.

    A claim is made where there is none, which on any disk one process alone can do. One of a holder
    that gives no sign of life is taken over, under a lock. How old a sign is, is read off the
    disk's own clock, which all machines share; where that was put back, a sign from the time to
    come is as old as this look at it.

    Args:
        folder: Where the files are, `<run>.claim` and, of a process that has none at the moment,
            `<process>.present`; made with the first.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: set[Path] = set()
        own = uuid.uuid4()
        self._name = f"process {os.getpid()} on {socket.gethostname()}\n{own}"
        self._present = folder / f"{own}.present"

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """Is present, gives signs of life for what is claimed, and lets go of it in the end.

        Asked for again meanwhile, it does nothing more.
        """
        if self._present in self._held:
            yield
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        self._clear_the_dead()
        self._make(self._present)
        ended = threading.Event()
        beating = threading.Thread(target=self._beat, args=(ended,), daemon=True)
        beating.start()
        try:
            yield
        finally:
            ended.set()
            beating.join()
            for path in list(self._held):
                self._let_go(path)

    def take(self, run: Run) -> bool:
        """Claims a run; returns whether it is this process' own now."""
        path = self._path(run)
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._make(path):
            return True
        with filelock.FileLock(self._folder / ".lock", is_singleton=True):
            (silent,) = self.silent([run])
            if silent is not None and silent < DEAD:
                return False
            # Let go of, it may be another's by now. (One of a dead holder that lives again and lets
            # go just now would be taken from a third: two minutes and some microseconds.)
            if silent is not None:
                path.unlink(missing_ok=True)
            return self._make(path)

    def release(self, run: Run) -> None:
        """Lets go of a run."""
        self._let_go(self._path(run))

    def silent(self, runs: Sequence[Run]) -> list[float | None]:
        """Seconds since the last sign of life of each run's holder; None if nobody has it."""
        return self.ages([self._path(run) for run in runs])

    def are_held(self, runs: Sequence[Run]) -> list[bool]:
        """Whether somebody who lives, as far as is known, has each run."""
        return [seconds is not None and seconds < DEAD for seconds in self.silent(runs)]

    def are_any(self) -> bool:
        """Whether a process is present, or was two minutes ago."""
        ages = self.ages(list(self._folder.glob("*.present")))
        return any(seconds is not None and seconds < DEAD for seconds in ages)

    def holders(self) -> list[str]:
        """Who has given a sign of life of late, by process and machine."""
        paths = [*self._folder.glob("*.present"), *self._folder.glob("*.claim")]
        told = []
        for path, seconds in zip(paths, self.ages(paths), strict=True):
            if seconds is not None and seconds < DEAD:
                with _if_there():
                    told.append(path.read_text(encoding="utf-8").split("\n")[0])
        return told

    def ages(self, paths: list[Path]) -> list[float | None]:
        """Seconds since files were touched, by the disk's clock; None for one that is not there.

        Args:
            paths: Files on the disk that the claims are on.
        """
        if not paths or not self._folder.is_dir():
            return [None] * len(paths)
        clock = self._folder / f".clock.{uuid.uuid4()}"
        try:
            with told_if_full(clock, 0):
                clock.touch()
            now = clock.stat().st_mtime
        finally:
            clock.unlink(missing_ok=True)
        ages: list[float | None] = []
        for path in paths:
            age = None
            with _if_there():
                age = now - path.stat().st_mtime
                if age < -BEAT:
                    # The clock was put back. Touched, a dead holder's file ages from now on.
                    with contextlib.suppress(OSError):
                        os.utime(path)
                    age = 0.0
            ages.append(age)
        return ages

    def _make(self, path: Path) -> bool:
        try:
            with told_if_full(path, len(self._name)), path.open("x", encoding="utf-8") as file:
                try:
                    file.write(self._name)
                    file.flush()
                except OSError:
                    path.unlink()
                    raise
        except FileExistsError:
            return False
        self._held.add(path)
        return True

    def _let_go(self, path: Path) -> None:
        self._held.discard(path)
        # Another may have taken it over, if we were silent for long.
        with _if_there():
            if path.read_text(encoding="utf-8") == self._name:
                path.unlink()

    def _clear_the_dead(self) -> None:
        """Removes what was left by processes that were killed before they had a run."""
        paths = [*self._folder.glob("*.present"), *self._folder.glob(".clock.*")]
        for path, seconds in zip(paths, self.ages(paths), strict=True):
            if seconds is not None and seconds > DEAD:
                path.unlink(missing_ok=True)

    def _beat(self, ended: threading.Event) -> None:
        while not ended.wait(BEAT):
            for path in list(self._held):
                # It may have been taken over; and one that a disk can't take now, it takes later.
                with contextlib.suppress(OSError):
                    os.utime(path)

    def _path(self, run: Run) -> Path:
        return self._folder / f"{run.key}.claim"
