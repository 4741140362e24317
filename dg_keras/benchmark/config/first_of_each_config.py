"""Runs that differ in more than method, target and trial."""

from collections.abc import Iterable

from dg_keras.benchmark.config.run import Run


def first_of_each_config(runs: Iterable[Run]) -> list[Run]:
    """The first of the runs of each config: a grid's settings may have several.

    Args:
        runs: Some runs.
    """
    found: list[Run] = []
    for run in runs:
        if all(run.config != other.config for other in found):
            found.append(run)
    return found
