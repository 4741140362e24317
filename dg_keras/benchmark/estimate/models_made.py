"""How often a training step is traced."""

import itertools
from collections.abc import Sequence

from dg_keras.benchmark.config.run import Run


def models_made(runs: Sequence[Run], processes: int, kept: int) -> int:
    """How many models are made, each of which is traced once, until all runs are done.

    A model is of a method and a setting of the optimizer; those of another image size, cut or batch
    begin anew. Each process makes its own.

    Args:
        runs: The runs, in their order.
        processes: How many processes share them.
        kept: How many models a process keeps; see `models_kept`.
    """
    ways = [(run.method.name, run.config.optimizer_of(run.method, run.target)) for run in runs]
    neighbours = list(itertools.pairwise(runs))
    alone = 1 + sum(one != other for one, other in itertools.pairwise(ways))
    is_one_network = all(a.config is b.config or a.config == b.config for a, b in neighbours)
    if is_one_network and kept >= len(set(ways)):
        alone = len(set(ways))
    return min(len(runs), processes * alone)
