"""Which worker has traced which models."""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from functools import partial

from dg_keras.benchmark.config.run import Run

_OWN, _NOBODYS, _ANOTHERS = range(3)  # whose model a run is of, the better the lower


class Traced:
    """Remembers what workers have trained, so that each is given more of the same.

    A worker traces a method's model once, which takes as long as many short runs, and sets all up
    anew for another network or another size of images.
    """

    def __init__(self) -> None:
        self._by: dict[Hashable, dict[tuple[int, str], Run]] = defaultdict(dict)
        self._latest: dict[Hashable, Run] = {}

    def note(self, worker: Hashable, run: Run) -> None:
        """Takes down that a worker is given a run."""
        self._by[worker][_model(run)] = run
        self._latest[worker] = run

    def forget(self, worker: Hashable) -> None:
        """Forgets a worker that has ended."""
        self._by.pop(worker, None)
        self._latest.pop(worker, None)

    def choice(self, worker: Hashable, of_trial: Sequence[Run], of_next: Sequence[Run]) -> Run:
        """The run that suits a worker best.

        Args:
            worker: The worker.
            of_trial: Runs of the trial that is on, at least one.
            of_next: Runs of the next trial: one of what the worker has traced comes before one of
                this trial that another worker has traced, and may take when it is free.
        """
        best = min(of_trial, key=partial(self._rank, worker))
        if self._rank(worker, best)[1] == _ANOTHERS:
            own = (run for run in of_next if self._rank(worker, run) == (False, _OWN))
            return next(own, best)
        return best

    def _rank(self, worker: Hashable, run: Run) -> tuple[bool, int]:
        """How well a run suits a worker, the lower the better."""
        latest = self._latest.get(worker)
        is_of_another_network = latest is not None and latest.config is not run.config
        model = _model(run)
        if model in self._by[worker]:
            return is_of_another_network, _OWN
        is_traced = any(model in traced for traced in self._by.values())
        return is_of_another_network, _ANOTHERS if is_traced else _NOBODYS


def _model(run: Run) -> tuple[int, str]:
    # The config is kept with the run, so that its id is no other's.
    return id(run.config), run.method.name
