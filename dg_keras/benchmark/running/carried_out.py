"""Carries out runs, one at a time or several at once."""

import collections
import multiprocessing.connection
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial

from dg_keras.benchmark.config.first_of_each_front import first_of_each_front
from dg_keras.benchmark.config.run import Run
from dg_keras.benchmark.running.hand import Hand, UnpreparedError
from dg_keras.benchmark.running.outcome import Outcome
from dg_keras.benchmark.running.traced import Traced
from dg_keras.benchmark.running.waiting import Waiting
from dg_keras.benchmark.running.worker import DiedError, Worker
from dg_keras.common.cores import cores

_TRIES = 2  # of a run whose process died: once more
_UNREADY = 3  # processes that die one after the other before they were given a run


def carried_out(
    waiting: Waiting, hand: Hand, workers: int, started: Callable[[Run], None]
) -> Generator[Outcome, None, None]:
    """Carries out runs, and yields what comes of each as it ends.

    A run that fails costs no other. With several workers one whose process dies, such as for want
    of memory, is tried once more, and then has failed; and a process in which a run failed is given
    no other, since the fault may be the process' own, as that of a GPU is.

    Args:
        waiting: The runs.
        hand: What they are carried out with.
        workers: How many processes carry them out; one is this process.
        started: Called with each run when it begins.

    Raises:
        NoSpaceError: If there is no space left.
        UnpreparedError: If what many runs share can't be made, or no worker be started.
    """
    if workers == 1:
        while (run := waiting.next()) is not None:
            started(run)
            outcome = hand.carry_out(run)
            waiting.done_with(run)
            yield outcome
    elif waiting.runs:
        for run in first_of_each_front(waiting.runs).values():
            hand.prepare(run)  # once, for all processes to read
        yield from _by_workers(waiting, hand, workers, started)


def _by_workers(
    waiting: Waiting, hand: Hand, workers: int, started: Callable[[Run], None]
) -> Iterator[Outcome]:
    imports = waiting.runs[0].config.imports
    threads = max(1, cores() // workers)
    tries: collections.Counter[str] = collections.Counter()
    unready = 0
    lost = 0  # workers that are still to be replaced
    traced = Traced()
    team: list[Worker] = []
    try:
        for _ in range(min(workers, len(waiting.runs))):
            team.append(_started(hand, imports, threads))
        while team:
            for worker in _with_news(team):
                is_fit = True
                try:
                    outcome = worker.receive()
                    is_fit = outcome is None or outcome.failure is None
                    unready = 0
                except DiedError as death:
                    is_fit = False
                    unready += worker.run is None
                    if unready >= _UNREADY and not _are_at_runs(team):
                        told = f"{unready} workers died before their first run: {death}"
                        raise UnpreparedError(told) from death
                    outcome = _after_death(worker.run, death, tries, hand)
                    if worker.run is not None and outcome is None:
                        waiting.again(worker.run)
                if outcome is not None:
                    waiting.done_with(outcome.run)
                    if waiting.may_wait:
                        yield outcome
                        outcome = None
                run = waiting.next(partial(traced.choice, worker)) if is_fit else None
                if run is None:
                    traced.forget(worker)
                    team.remove(worker)
                    worker.end()
                    lost += not is_fit
                else:
                    tries[run.key] += 1
                    traced.note(worker, run)
                    started(run)
                    worker.give(run)
                if outcome is not None:  # while the worker is at the next
                    yield outcome
            # What new ones die of may pass while the others work, if there are any.
            while lost and (unready < _UNREADY or not team) and waiting.may_have_more:
                try:
                    team.append(_started(hand, imports, threads))
                except UnpreparedError:
                    if not team:
                        raise
                    break
                lost -= 1
    finally:
        for worker in team:
            worker.end()


def _are_at_runs(team: Sequence[Worker]) -> bool:
    return any(worker.run is not None for worker in team)


def _started(hand: Hand, imports: Sequence[str], threads: int) -> Worker:
    try:
        return Worker(hand, imports, threads)
    except OSError as error:  # the system has no room for one more
        raise UnpreparedError(f"A worker could not be started ({error})") from error


def _after_death(
    run: Run | None, death: DiedError, tries: collections.Counter[str], hand: Hand
) -> Outcome | None:
    """What came of the run of a worker that died; None if it had none, or is to be tried again."""
    if run is None:
        return None
    found = hand.found(run)
    if found is not None or tries[run.key] < _TRIES:
        return found
    return Outcome(run, failure=hand.told(run, f"{death}, {_TRIES} times", death.trace))


def _with_news(team: Sequence[Worker]) -> list[Worker]:
    """Waits until one or more of them have something to say, or died."""
    ready = multiprocessing.connection.wait([worker.connection for worker in team])
    return [worker for worker in team if worker.connection in ready]
