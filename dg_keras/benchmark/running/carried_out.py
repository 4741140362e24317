"""Carries out runs, one at a time or several at once."""

from collections.abc import Callable, Generator

from dg_keras.benchmark.config.first_of_each_front import first_of_each_front
from dg_keras.benchmark.config.run import Run
from dg_keras.benchmark.running.hand import Hand
from dg_keras.benchmark.running.outcome import Outcome
from dg_keras.benchmark.running.team import Team
from dg_keras.benchmark.running.waiting import Waiting


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
        with Team(waiting, hand, workers, started) as team:
            yield from team.outcomes()
