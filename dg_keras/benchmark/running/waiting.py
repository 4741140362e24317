"""The runs that are still to be made."""

import collections
import itertools
import time
from collections.abc import Callable, Sequence

from dg_keras.benchmark.config.run import Run
from dg_keras.benchmark.records.claims import BEAT, Claims
from dg_keras.benchmark.records.records import Records

_LOOKED_AT = 256  # runs, of which the one that suits best is next


class Waiting:
    """Hands out one run after the other, where other machines may take some.

    Args:
        runs: The runs, in the order in which they are to be made.
        records: What tells that another machine has made one.
        claims: On the runs; None where no other machine makes any.
    """

    def __init__(self, runs: Sequence[Run], records: Records, claims: Claims | None = None) -> None:
        self.runs = list(runs)
        self._left = collections.deque(self.runs)
        self._again: list[Run] = []
        self._of_others: list[Run] = []
        self._records, self._claims = records, claims

    def next(self, choice: Callable[[list[Run], list[Run]], Run] | None = None) -> Run | None:
        """The next run; None if none is left but those that others are making.

        It waits until the makers of those have given a sign of life, or are dead.

        Args:
            choice: Tells which is next of some runs of the trial that is on, and of some of the
                next trial; None to keep the order.
        """
        if self._again:
            return self._again.pop()
        while True:
            while self._left:
                run = self._taken_out(choice)
                if self._claims is None or self._is_ours(run, self._claims):
                    return run
            if self._claims is None or not self._may_be_free(self._claims):
                return None

    def again(self, run: Run) -> None:
        """Has a run, which this process has, made once more."""
        self._again.append(run)

    def done_with(self, run: Run) -> None:
        """Lets go of a run, which was made or failed."""
        if self._claims is not None:
            self._claims.release(run)

    @property
    def may_wait(self) -> bool:
        """Whether `next` may wait for the makers of other runs."""
        return self._claims is not None

    @property
    def may_have_more(self) -> bool:
        """Whether a run may be left."""
        return bool(self._again or self._left or self._of_others)

    def _taken_out(self, choice: Callable[[list[Run], list[Run]], Run] | None) -> Run:
        number = 0
        if choice is not None:
            looked_at = list(itertools.islice(self._left, _LOOKED_AT))
            by_trial = itertools.groupby(looked_at, key=lambda run: run.trial)
            of_trial, of_next, *_ = *(list(runs) for _, runs in by_trial), []
            chosen = choice(of_trial, of_next)
            number = next(place for place, run in enumerate(looked_at) if run is chosen)
        run = self._left[number]
        del self._left[number]
        return run

    def _is_ours(self, run: Run, claims: Claims) -> bool:
        if self._records.read(run) is not None:
            return False
        if not claims.take(run):
            self._of_others.append(run)
            return False
        self._records.look_anew()
        if self._records.read(run) is None:
            return True
        claims.release(run)  # the other was done with it in between
        return False

    def is_left(self) -> bool:
        """Whether a run is left that nobody makes, or that somebody who does not live has.

        It waits until the makers of the runs have given a sign of life.
        """
        self._of_others += self._left
        self._left.clear()
        return self._claims is not None and self._may_be_free(self._claims)

    def _may_be_free(self, claims: Claims) -> bool:
        """Whether a run that another took may be free, as it is if the other does not live."""
        self._of_others = [run for run in self._of_others if self._records.read(run) is None]
        if not self._of_others:
            return False
        before = claims.silent(self._of_others)
        time.sleep(1.5 * BEAT)
        after = claims.silent(self._of_others)
        pairs = zip(before, after, strict=True)
        if all(b is not None and a is not None and a < b + BEAT for b, a in pairs):
            return False  # all have given a sign of life
        self._left.extend(self._of_others)
        self._of_others = []
        return True
