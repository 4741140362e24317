"""How much of a whole comparison is training steps.

    python -m performance.comparison [CONFIG]

runs an experiment as `run_all.py` does, into a folder of its own, then times bare steps of each of
its methods in a process that has traced them; and counts how often a step was traced.
"""

import tempfile
import time
from pathlib import Path

import pandas as pd

from performance.measuring import apart, parser, show

STEPS = 60


def main() -> None:
    """Measures, prints the table, and writes it as CSV."""
    arguments = parser(__doc__, "comparison.csv")
    arguments.add_argument("config", nargs="?", default="configs/styleshift.yaml")
    arguments.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    given = arguments.parse_args()
    whole, runs, traces = apart(run, given.config, given.set)
    bare = apart(time_bare_steps, given.config, given.set)
    table = pd.DataFrame(
        {
            "way": ["whole comparison", "its bare training steps"],
            "s": [whole, bare],
            "share": [1.0, bare / whole],
            "runs": runs,
            "steps traced": [traces, ""],
        }
    )
    show(table, given.csv)


def run(config: str, overrides: list[str]) -> tuple[float, int, int]:
    """Runs an experiment; the seconds it took, its number of runs, and of traces."""
    start = time.perf_counter()
    from dg_keras import DomainGeneralizer, benchmark

    traces = []
    step = DomainGeneralizer.train_step

    def counted(self: DomainGeneralizer, data: object) -> object:
        traces.append(self.strategy)
        return step(self, data)

    DomainGeneralizer.train_step = counted
    with tempfile.TemporaryDirectory() as results:
        study = benchmark.Study(benchmark.read(config, overrides), results=Path(results), workers=1)
        study.check()
        study.run()
        return time.perf_counter() - start, len(study.experiments[0].runs), len(traces)


def time_bare_steps(config: str, overrides: list[str]) -> float:
    """The seconds of all the steps of an experiment, and of nothing else."""
    from dg_keras import benchmark
    from dg_keras.benchmark.estimate.stopwatch import Stopwatch
    from dg_keras.benchmark.experiment import Experiment
    from dg_keras.benchmark.training.load_images import load_images
    from dg_keras.benchmark.training.workbench import Workbench

    (read,) = benchmark.read(config, overrides).configs
    with tempfile.TemporaryDirectory() as results:
        runs = Experiment(read, results).runs
    watch = Stopwatch(Workbench(read, load_images(read, None)))
    seconds: dict[str, float] = {}
    for one in runs:
        if one.method.name not in seconds:
            seconds[one.method.name] = watch.steps(one, STEPS).seconds
    return sum(read.training.steps * seconds[one.method.name] for one in runs)


if __name__ == "__main__":
    main()
