"""Whether bookkeeping keeps up with a grid of 100,000 runs.

    python -m performance.many_records

writes as many records as runs of that size leave, then times in a process each: finding out that
nothing is to be run, as a command that is started again does; and the report. Some 700 MB of disk.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from performance.measuring import apart, show

METHODS, TARGETS = 8, 4


def main() -> None:
    """Measures, and prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--at", type=Path, help="where the records are for as long as it takes")
    parser.add_argument("--csv", type=Path, default=Path("results/many_records.csv"))
    given = parser.parse_args()
    trials = given.records // (METHODS * TARGETS)
    with tempfile.TemporaryDirectory(dir=given.at) as folder:
        apart(write, Path(folder), trials)
        rows = [apart(function, Path(folder), trials) for function in (resumed, reported)]
    show(pd.DataFrame(rows), given.csv, ".1f")


def read(trials: int) -> Any:
    """The experiment: the paper's comparison on StyleShift, whose images ship."""
    from dg_keras import benchmark

    (config,) = benchmark.read("configs/styleshift_paper.yaml", [f"trials={trials}"]).configs
    return config


def write(results: Path, trials: int) -> None:
    """Writes a record for each run, with a history as long as a run of the paper's has."""
    from dg_keras.benchmark.experiment import Experiment
    from dg_keras.benchmark.report.made_up_records import made_up_records

    config = read(trials)
    experiment = Experiment(config, results)
    targets = list(dict.fromkeys(run.target for run in experiment.runs))
    like = {
        (record.method, record.target): record
        for record in made_up_records(config, targets, experiment.inventory.domains)
        if record.result is not None
    }
    known = experiment.records._known
    rng = np.random.default_rng(0)
    for run in experiment.runs:
        record = like[run.method.name, run.target]
        accuracy = float(rng.normal(0.7, 0.02))
        history = {key: rng.random(20).tolist() for key in _KEYS}
        experiment.records.write(
            run,
            record.model_copy(
                update={
                    **known,
                    "trial": run.trial,
                    "seed": config.run_seed(run.target, run.trial),
                    "result": record.result.model_copy(update={"accuracy": accuracy}),
                    "history": {**history, **record.history},
                }
            ),
        )


_KEYS = [f"loss/{i}" for i in range(10)]


def resumed(results: Path, trials: int) -> dict[str, Any]:
    """What a command takes that is started again."""
    from dg_keras.benchmark.experiment import Experiment

    start = time.perf_counter()
    experiment = Experiment(read(trials), results)
    assert len(experiment.finished()) == len(experiment.runs)
    return _row("resume", len(experiment.runs), start)


def reported(results: Path, trials: int) -> dict[str, Any]:
    """What it takes with the report."""
    from dg_keras.benchmark.experiment import Experiment

    start = time.perf_counter()
    experiment = Experiment(read(trials), results)
    experiment.report()
    return _row("resume and report", len(experiment.runs), start)


def _row(what: str, records: int, start: float) -> dict[str, Any]:
    from dg_keras.benchmark.estimate.peak_memory import peak_memory

    peak = peak_memory() / 2**30
    return {
        "what": what,
        "records": records,
        "s": time.perf_counter() - start,
        "peak, GiB": peak,
    }


if __name__ == "__main__":
    main()
