"""Runs that differ in what is frozen."""

from collections.abc import Iterable

from dg_keras.benchmark.config.config import Data
from dg_keras.benchmark.config.front_of import front_of
from dg_keras.benchmark.config.run import Run


def first_of_each_front(runs: Iterable[Run]) -> dict[tuple[Data, str], Run]:
    """The first of the runs of each frozen front, by what tells it from others.

    Args:
        runs: Some runs; one of which nothing is frozen is left out.
    """
    found: dict[tuple[Data, str], Run] = {}
    for run in runs:
        if run.config.backbone.train_from is not None:
            found.setdefault(front_of(run.config), run)
    return found
