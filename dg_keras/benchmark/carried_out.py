"""Carries out runs, one at a time or several at once."""

import collections
import multiprocessing.connection
from collections.abc import Callable, Iterator, Sequence

from dg_keras.benchmark.first_of_each_config import first_of_each_config
from dg_keras.benchmark.hand import Hand, UnpreparedError
from dg_keras.benchmark.outcome import Outcome
from dg_keras.benchmark.run import Run
from dg_keras.benchmark.worker import DiedError, Worker
from dg_keras.common.cores import cores

_TRIES = 2  # of a run whose process died: once more
_UNREADY = 3  # processes that die one after the other before they were given a run


def carried_out(
    runs: Sequence[Run], hand: Hand, workers: int, started: Callable[[Run], None]
) -> Iterator[Outcome]:
    """Carries out runs, and yields what comes of each as it ends.

    A run that fails costs no other. With several workers one whose process dies, such as for want
    of memory, is tried once more, and then has failed.

    Args:
        runs: The runs.
        hand: What they are carried out with.
        workers: How many processes carry them out; one is this process.
        started: Called with each run when it begins.

    Raises:
        NoSpaceError: If there is no space left.
        UnpreparedError: If what many runs share can't be made, or no worker be started.
    """
    if workers == 1:
        for run in runs:
            started(run)
            yield hand.carry_out(run)
    elif runs:
        for run in first_of_each_config(runs):
            if run.config.backbone.train_from is not None:
                hand.prepare(run)  # once, for all processes to read
        yield from _by_workers(collections.deque(runs), hand, workers, started)


def _by_workers(
    waiting: collections.deque[Run], hand: Hand, workers: int, started: Callable[[Run], None]
) -> Iterator[Outcome]:
    imports = waiting[0].config.imports
    threads = max(1, cores() // workers)
    tries: collections.Counter[str] = collections.Counter()
    unready = 0
    team = [Worker(hand, imports, threads) for _ in range(min(workers, len(waiting)))]
    try:
        while team:
            for worker in _with_news(team):
                try:
                    outcome = worker.receive()
                except DiedError as death:
                    team.remove(worker)
                    if worker.run is None:
                        unready += 1
                        if unready == _UNREADY:
                            raise UnpreparedError(
                                f"{unready} workers died before their first run: {death}"
                            ) from death
                    else:
                        record = hand.records.read(worker.run)
                        if record is not None:  # it died after it wrote it
                            hand.files.remove(worker.run)
                            yield Outcome(worker.run, record)
                        elif tries[worker.run.key] < _TRIES:
                            waiting.appendleft(worker.run)
                        else:
                            yield Outcome(worker.run, failure=f"{death}, {_TRIES} times")
                    if waiting:
                        team.append(Worker(hand, imports, threads))
                    continue
                unready = 0
                if outcome is not None:
                    yield outcome
                if waiting:
                    run = waiting.popleft()
                    tries[run.key] += 1
                    started(run)
                    worker.give(run)
                else:
                    team.remove(worker)
                    worker.end()
    finally:
        for worker in team:
            worker.end()


def _with_news(team: Sequence[Worker]) -> list[Worker]:
    """Waits until one or more of them have something to say, or died."""
    ready = multiprocessing.connection.wait([worker.connection for worker in team])
    return [worker for worker in team if worker.connection in ready]
