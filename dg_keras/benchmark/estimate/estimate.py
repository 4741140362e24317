"""What an experiment would take, measured on a few steps."""

import statistics
import tempfile
from pathlib import Path

from dg_keras import data as datasets
from dg_keras.benchmark.config.config import SHARED, Config, Method
from dg_keras.benchmark.config.run import Run
from dg_keras.benchmark.config.ways_of import ways_of
from dg_keras.benchmark.estimate.at_once import at_once
from dg_keras.benchmark.estimate.gradients_taken import Taken, gradients_taken
from dg_keras.benchmark.estimate.models_made import models_made
from dg_keras.benchmark.estimate.step_times import StepTimes, Times
from dg_keras.benchmark.records.inventory import Inventory
from dg_keras.benchmark.training.models_kept import models_kept
from dg_keras.common.duration import duration
from dg_keras.data.tables.load import MEMORY_LIMIT


def estimate(
    config: Config,
    runs: list[Run],
    workers: int,
    inventory: Inventory,
    images: datasets.LeaveOneOut | None,
    step_times: StepTimes,
    keep_traced: int | None = None,
) -> str:
    """Trains a few steps of a method of each way, and tells what the runs would take.

    Args:
        config: The experiment.
        runs: The runs to estimate.
        workers: How many processes train at once.
        inventory: What is known of the images.
        images: The images; where they are not there, noise stands in.
        step_times: What was measured before, for this estimate and others.
        keep_traced: How many models are kept in memory; see `models_kept`.

    Returns:
        Sentences about time, memory, and the gradients in it.
    """
    # The settings of a grid take as long as one another, those that methods share apart.
    alike = [Run(config, run.method, run.target, run.trial) for run in runs]
    along, training = config.along_training, config.training
    with tempfile.TemporaryDirectory() as folder:
        stands_in = images is None
        if images is None:
            inventory.write_stand_in(Path(folder) / "noise", 2 * along.gradients * along.samples)
            size = config.data.image_size
            images = datasets.load(Path(folder) / "noise", image_size=size)
        times = step_times.of(config, alike, images)
    sources = len(inventory.domains) - 1
    number = sum(inventory.counts.values())
    # Too many to be kept, they are decoded at every use.
    are_kept = config.backbone.train_from is not None or number * times.kept_bytes <= MEMORY_LIMIT
    if not are_kept:
        times = times.decoding(sources)
    total = sum(run_seconds(config, run, inventory, times, sources) for run in alike)
    processes = min(workers, len(runs))
    kept = models_kept(
        keep_traced, times.gradient_bytes, ways_of(runs[0].config, inventory.domains)
    )
    total += models_made(runs, processes, kept) * statistics.fmean(times.traces.values())
    # A trial's networks are built once for all methods where several models are kept.
    trials = len({(run.target, run.trial) for run in runs})
    total += times.build * min(len(runs), processes * trials if kept > 1 else len(runs))
    # One process for all, or each at the same time, makes the images ready.
    total = number * times.prepare + total / at_once(processes, times.busy)
    peak: float = times.peak + times.kept_bytes * number * are_kept
    peak += times.image_bytes * max(0, training.batch_size - times.largest) * sources
    steps: dict[str, str] = {}
    for method in config.methods:
        seconds = times.step(method, training.batch_size, sources)
        steps[method.name] = f"{method.name} {1000 * seconds:.0f} ms"
    noise = " The images are not there; this was measured on noise." if stands_in else ""
    shared = [name for name in SHARED if config.grid and name in config.grid.searched]
    if shared:
        noise += f" Time and memory are those of the config's own {', '.join(shared)}."
    memory = "not known on this system"
    if times.peak:
        memory = f"at least {peak * processes / 2**30:.1f} GiB on the host"
    return (
        f"Time: about {duration(total)} on this machine "
        f"(per step: {', '.join(steps.values())}).\n"
        f"Memory: {memory}.{noise}\n"
        f"{gradients_in_memory(config.methods, sources, times.gradient_bytes)}"
    )


def run_seconds(
    config: Config, run: Run, inventory: Inventory, times: Times, sources: int
) -> float:
    """What a run takes."""
    training, along = config.training, config.along_training
    evaluations = training.steps // training.evaluate_every
    validated = sum(inventory.size(d, "validation") for d in inventory.domains if d != run.target)
    tested = inventory.size(run.target, None if config.data.test == "whole" else "test")
    is_averaged = config.selection_of(run.method) == "average"
    # The loss on the sources, which finds the valley, and the accuracy of what is averaged there.
    validations = evaluations * (1 + is_averaged) + is_averaged
    tests = (evaluations * along.accuracy + 1) * (config.grid is None)
    evaluated = validations * validated + tests * tested
    recorded = (evaluations + 1) * times.record
    step = times.step(run.method, training.batch_size, sources)
    return training.steps * step + evaluated * times.evaluate + recorded


def gradients_in_memory(methods: list[Method], sources: int, size: int) -> str:
    """How many gradients a step of each method holds."""
    # Those of the domains and what is made of them; with second ones the domains' twice.
    counts: dict[Taken, int] = {
        "one gradient": 1,
        "a gradient per domain": sources + 1,
        "second gradients": 2 * sources + 1,
    }
    names = {
        count: [m.name for m in methods if gradients_taken(m) == taken]
        for taken, count in counts.items()
    }
    held = "; ".join(f"{count} at a time with {', '.join(of)}" for count, of in names.items() if of)
    return f"Gradients of {size / 2**20:.1f} MiB: {held}."
