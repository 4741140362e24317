"""What an experiment would take, measured on a few steps."""

import resource
import sys
import tempfile
import time
from pathlib import Path

from dg_keras import data as datasets
from dg_keras import objectives, strategies
from dg_keras.benchmark.config import SHARED, Config, Method
from dg_keras.benchmark.grid_settings import grid_settings
from dg_keras.benchmark.inventory import Inventory
from dg_keras.benchmark.run import Run
from dg_keras.benchmark.runner import Runner

_STEPS = 3
_BATCH = 16  # images per domain


def estimate(
    config: Config,
    runs: list[Run],
    workers: int,
    inventory: Inventory,
    images: datasets.LeaveOneOut | None,
) -> str:
    """Trains a few steps of every method, and tells what the runs would take.

    Args:
        config: The experiment.
        runs: The runs to estimate.
        workers: How many processes train at once.
        inventory: What is known of the images.
        images: The images; where they are not there, noise stands in.

    Returns:
        Sentences about time, memory, and the gradients in it.
    """
    few = _few_at_once(config)
    with tempfile.TemporaryDirectory() as folder:
        stands_in = images is None
        if stands_in:
            inventory.write_stand_in(Path(folder) / "noise")
            size = config.data.image_size
            images = datasets.load(Path(folder) / "noise", image_size=size)
        start = time.perf_counter()
        try:
            runner = Runner(few, images)
        except ConnectionError:  # random weights take as long
            backbone = config.backbone.model_copy(update={"weights": None})
            runner = Runner(few.model_copy(update={"backbone": backbone}), images)
        preparation = time.perf_counter() - start
        seconds: dict[str, tuple[float, float]] = {}
        names: dict[str, str] = {}
        own_names = {
            trained.name: name
            for setting in grid_settings(config)
            for name, trained in setting.methods.items()
        }
        for run in runs:
            # The settings of a grid take as long as one another, those that methods share apart.
            if _kind(run) not in seconds:
                seconds[_kind(run)] = runner.time_steps(run, _STEPS)
                names[_kind(run)] = own_names[run.method.name]
    training = config.training
    evaluations = training.steps // training.evaluate_every
    measured = Inventory.of_table(images.table)
    larger = training.batch_size / few.training.batch_size
    total = preparation * sum(inventory.counts.values()) / sum(measured.counts.values())
    for run in runs:
        step, evaluation = seconds[_kind(run)]
        evaluation *= _evaluated(inventory, run.target) / _evaluated(measured, run.target)
        total += training.steps * larger * step + (evaluations + 1) * evaluation
    # Linux counts it in KiB, macOS in bytes.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
        1 if sys.platform == "darwin" else 1024
    )
    decoded = 3 * config.data.image_size**2
    peak += decoded * (sum(inventory.counts.values()) - sum(measured.counts.values()))
    steps = ", ".join(
        f"{names[kind]} {1000 * larger * step:.0f} ms" for kind, (step, _) in seconds.items()
    )
    noise = " The images are not there; this was measured on noise." if stands_in else ""
    shared = [name for name in SHARED if config.grid and name in config.grid.searched]
    if shared:
        noise += f" Time and memory are those of the config's own {', '.join(shared)}."
    methods = [method for method in config.methods if method.name in names.values()]
    return (
        f"Time: about {_duration(total / workers)} on this machine (per step: {steps}).\n"
        f"Memory: at least {peak * workers / 2**30:.1f} GiB on the host.{noise}\n"
        f"{gradients_in_memory(methods, len(inventory.domains) - 1, runner.gradient_bytes)}"
    )


def gradients_in_memory(methods: list[Method], sources: int, size: int) -> str:
    """How many gradients a step of each method holds."""
    one = {method.name for method in methods if _takes_one_gradient(method)}
    counts = {1: one, sources + 1: {m.name for m in methods} - one}
    held = "; ".join(
        f"{count} at a time with {', '.join(m.name for m in methods if m.name in names)}"
        for count, names in counts.items()
        if names
    )
    return f"Gradients of {size / 2**20:.1f} MiB: {held}."


def _takes_one_gradient(method: Method) -> bool:
    """Whether the gradient of the mean loss is all that a step takes."""
    objective = objectives.get(method.objective)
    return strategies.get(method.strategy).averages and not objective.needs_all_domains


def _kind(run: Run) -> str:
    """What the time of a step depends on."""
    return repr((run.method.objective, run.method.strategy, run.method.batches))


def _few_at_once(config: Config) -> Config:
    """The config with no more than a few images per domain: time and memory grow with them."""
    training = config.training
    batch_size = min(training.batch_size, _BATCH)
    smaller = training.model_copy(update={"batch_size": batch_size})
    return config.model_copy(update={"training": smaller})


def _evaluated(inventory: Inventory, target: str) -> int:
    """The number of images of an evaluation."""
    return sum(inventory.size(d, "validation") for d in inventory.domains if d != target)


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
