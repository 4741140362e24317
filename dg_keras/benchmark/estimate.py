"""What an experiment would take, measured on a few steps."""

import resource
import sys
import time

from dg_keras.benchmark.config import Config
from dg_keras.benchmark.records import Run
from dg_keras.benchmark.runner import Runner

_STEPS = 3


def estimate(config: Config, runs: list[Run], workers: int, data_root: str | None) -> str:
    """Trains a few steps of every method, and tells what the runs would take.

    Args:
        config: The experiment.
        runs: The runs to estimate.
        workers: How many processes train at once.
        data_root: Where the images are, instead of where the config says.

    Returns:
        A sentence about time and one about memory.
    """
    start = time.perf_counter()
    runner = Runner(config, data_root)
    preparation = time.perf_counter() - start
    seconds = {}
    for method in config.methods:
        of_method = [run for run in runs if run.method == method]
        if of_method:
            seconds[method.name] = runner.time_steps(of_method[0], _STEPS)
    training = config.training
    evaluations = training.steps // training.evaluate_every
    total = preparation
    for run in runs:
        step, evaluation = seconds[run.method.name]
        total += training.steps * step + (evaluations + 1) * evaluation
    # Linux counts it in KiB, macOS in bytes.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
        1 if sys.platform == "darwin" else 1024
    )
    steps = ", ".join(f"{name} {1000 * step:.0f} ms" for name, (step, _) in seconds.items())
    return (
        f"Time: about {_duration(total / workers)} on this machine (a step: {steps}).\n"
        f"Memory: about {peak * workers / 2**30:.1f} GiB on the host."
    )


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
