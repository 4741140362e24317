"""Processes that carry out runs together."""

import collections
import multiprocessing.connection
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Self

from dg_keras.benchmark.config.run import Run
from dg_keras.benchmark.running.hand import Hand, UnpreparedError
from dg_keras.benchmark.running.outcome import Outcome
from dg_keras.benchmark.running.traced import Traced
from dg_keras.benchmark.running.waiting import Waiting
from dg_keras.benchmark.running.worker import DiedError, Worker
from dg_keras.common.cores import cores

_TRIES = 2  # of a run whose process died: once more
_UNREADY = 3  # processes that die one after the other before they were given a run


class Team:
    """Workers, each at one run, and others in the place of those that are lost.

    A context: all of them end with it.

    Args:
        waiting: The runs, at least one.
        hand: What they are carried out with.
        workers: How many processes carry them out, at most.
        started: Called with each run when it begins.
    """

    def __init__(
        self, waiting: Waiting, hand: Hand, workers: int, started: Callable[[Run], None]
    ) -> None:
        self._waiting, self._hand, self._started = waiting, hand, started
        self._number = min(workers, len(waiting.runs))
        self._threads = max(1, cores() // workers)
        self._imports = waiting.runs[0].config.imports
        self._workers: list[Worker] = []
        self._tries: collections.Counter[str] = collections.Counter()
        self._traced = Traced()
        self._unready = 0  # of the latest processes, how many died before they had a run
        self._lost = 0  # workers that are still to be replaced

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.end()

    def outcomes(self) -> Iterator[Outcome]:
        """What comes of each run, as it ends.

        Raises:
            NoSpaceError: If there is no space left.
            UnpreparedError: If what many runs share can't be made, or no worker be started.
        """
        for _ in range(self._number):
            self._workers.append(self._new_worker())
        while self._workers:
            for worker in _with_news(self._workers):
                outcome, is_fit = self._heard_of(worker)
                if outcome is not None:
                    self._waiting.done_with(outcome.run)
                if outcome is not None and self._waiting.may_wait:  # for others, before the next
                    yield outcome
                    outcome = None
                self._go_on(worker, is_fit)
                if outcome is not None:  # while the worker is at its next run
                    yield outcome
            self._replace_lost()

    def _heard_of(self, worker: Worker) -> tuple[Outcome | None, bool]:
        """What came of its run, if anything did, and whether it may be given another."""
        try:
            outcome = worker.receive()
        except DiedError as death:
            self._unready += worker.run is None
            is_none_at_work = all(other.run is None for other in self._workers)
            if self._unready >= _UNREADY and is_none_at_work:
                told = f"{self._unready} workers died before their first run: {death}"
                raise UnpreparedError(told) from death
            return self._after_death(worker.run, death), False
        self._unready = 0
        return outcome, outcome is None or outcome.failure is None

    def _after_death(self, run: Run | None, death: DiedError) -> Outcome | None:
        """What came of the run of a worker that died; None if it had none, or is tried again."""
        if run is None:
            return None
        found = self._hand.found(run)
        if found is not None:
            return found
        if self._tries[run.key] < _TRIES:
            self._waiting.again(run)
            return None
        failure = self._hand.told(run, f"{death}, {_TRIES} times", death.trace)
        return Outcome(run, failure=failure)

    def _go_on(self, worker: Worker, is_fit: bool) -> None:
        """Gives a worker its next run, or ends it where there is none for it."""
        run = self._waiting.next(partial(self._traced.choice, worker)) if is_fit else None
        if run is None:
            self._traced.forget(worker)
            self._workers.remove(worker)
            worker.end()
            self._lost += not is_fit
            return
        self._tries[run.key] += 1
        self._traced.note(worker, run)
        self._started(run)
        worker.give(run)

    def _replace_lost(self) -> None:
        """Begins workers in the place of the lost, as long as runs are left."""
        while self._lost and self._waiting.may_have_more:
            if self._workers and self._unready >= _UNREADY:
                return  # what new ones die of may pass while the others work
            try:
                self._workers.append(self._new_worker())
            except UnpreparedError:
                if not self._workers:
                    raise
                return
            self._lost -= 1

    def _new_worker(self) -> Worker:
        try:
            return Worker(self._hand, self._imports, self._threads)
        except OSError as error:  # the system has no room for one more
            raise UnpreparedError(f"A worker could not be started ({error})") from error


def _with_news(workers: Sequence[Worker]) -> list[Worker]:
    """Waits until one or more of them have something to say, or died."""
    ready = multiprocessing.connection.wait([worker.connection for worker in workers])
    return [worker for worker in workers if worker.connection in ready]
