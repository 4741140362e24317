"""What steps and evaluations take, each measured once for all experiments that train alike."""

import contextlib
import dataclasses
from collections.abc import Callable, Iterable, Iterator

from dg_keras import backbones, objectives
from dg_keras import data as datasets
from dg_keras.benchmark.config.config import Config, Method
from dg_keras.benchmark.config.run import Run
from dg_keras.benchmark.estimate.gradients_taken import Taken, gradients_taken
from dg_keras.benchmark.estimate.peak_memory import forget_peak, peak_memory
from dg_keras.benchmark.estimate.some_images import some_images
from dg_keras.benchmark.estimate.stopwatch import Stopwatch
from dg_keras.benchmark.training.check_samples import check_samples
from dg_keras.benchmark.training.too_large import TOO_LARGE
from dg_keras.benchmark.training.workbench import Workbench
from dg_keras.common.one_line import one_line

_STEPS = 2
_BATCH = 4  # images per domain
_LARGER = 16  # of one method, to tell what an image more takes
_EACH = 4  # images of each domain, class and part of the split, at least
_EVALUATED = 64  # images
_SAMPLES = 2  # per class and domain, whose gradients are compared
_SMALL_RATE = 1e-6

_FREEZES = "freeze_batch_norm"


@dataclasses.dataclass
class Times:
    """The measured times of one network, in seconds.

    Args:
        gradient_bytes: What a gradient takes in memory.
        busy: How many cores a step keeps busy on average.
        prepare: Of an image, before training.
        build: Of the network that runs begin with.
        evaluate: Of an image.
        record: Of a measurement of the gradients along training; 0 where there is none.
        image: What an image more in a batch takes, of a step with one pass over it.
        image_bytes: The same in memory.
        kept_bytes: What of an image is kept in memory: its pixels, or what the frozen makes of it.
        batch: The images per domain of `steps`.
        largest: The same of the largest step that was taken, which memory is measured with.
        steps: Of one of the methods that take the same gradients.
        traces: Until a new model's first step is done, of the same.
        peak: The most memory that the process took while it was measured, in bytes.
    """

    gradient_bytes: int
    busy: float
    prepare: float
    build: float
    evaluate: float
    record: float
    image: float
    image_bytes: float
    kept_bytes: int
    batch: int
    largest: int
    steps: dict[Taken, float]
    traces: dict[Taken, float]
    peak: int = 0

    def step(self, method: Method, batch: int, sources: int) -> float:
        """What a step of a method takes with so many images per domain."""
        passes = 1 + objectives.get(method.objective).looks_ahead
        return (
            self.steps[gradients_taken(method)]
            + passes * self.image * (batch - self.batch) * sources
        )

    def decoding(self, sources: int) -> "Times":
        """The times where each use of an image decodes it anew."""
        more = self.prepare * self.batch * sources
        return dataclasses.replace(
            self,
            evaluate=self.evaluate + self.prepare,
            image=self.image + self.prepare,
            steps={taken: seconds + more for taken, seconds in self.steps.items()},
        )


class StepTimes:
    """Measures a few steps of a method of each way, and remembers what it measured.

    Time depends on the network, on how it is trained, and on how many gradients a method takes, not
    on hyperparameters or on what the weights or the images are.

    Args:
        say: Called with a line for everything that is measured.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._known: dict[str, Times] = {}

    def of(self, config: Config, runs: Iterable[Run], images: datasets.LeaveOneOut) -> Times:
        """Measures what is not known yet.

        Args:
            config: The experiment.
            runs: Runs of it.
            images: Its images, of which a few are used.
        """
        firsts: dict[Taken, Run] = {}
        for run in runs:
            firsts.setdefault(gradients_taken(run.method), _with_small_steps(run))
        without_files = _without_files(config)
        key = repr(_depends_on(without_files, len(images.domains) - 1, len(images.classes)))
        times = self._known.get(key)
        if times is not None and firsts.keys() <= times.steps.keys():
            self._say(f"  {config.name}: measured before")
            return times
        if config.along_training.gradients:
            held_out = next(iter(firsts.values())).target
            check_samples(config.along_training.samples, images.table, held_out)
        measured = _with_few_samples(without_files)
        bench = Workbench(measured, some_images(images, _EACH))
        watch = Stopwatch(bench)
        forget_peak()  # another network's
        if times is None:
            first = next(iter(firsts.values()))
            with _told_of(first):
                times = self._known[key] = self._begin(bench, watch, first)
        for taken in sorted(firsts.keys() - times.steps.keys()):  # second gradients last
            run = firsts[taken]
            parts = _of_parts(taken, times)
            if parts is None:
                with _told_of(run):
                    parts = watch.steps(run, _STEPS, times.batch)[:2]
            times.steps[taken], times.traces[taken] = parts
            self._tell(run, times)
        times.peak = max(times.peak, peak_memory())
        return times

    def _begin(self, bench: Workbench, watch: Stopwatch, run: Run) -> Times:
        """All but the steps of the other methods."""
        wanted, sources = run.config.training.batch_size, len(bench.images.domains) - 1
        batch = min(wanted, _BATCH)
        step, trace, busy = watch.steps(run, _STEPS, batch)
        image, image_bytes, largest = 0.0, 0.0, batch
        if wanted > batch:
            largest = min(wanted, _LARGER)
            before = peak_memory()
            more = (largest - batch) * sources
            of_larger = watch.steps(run, _STEPS, largest)
            image, busy = max(0.0, of_larger.seconds - step) / more, of_larger.busy
            image_bytes = (peak_memory() - before) / more
        record, of_few = 0.0, watch.recorders(run)
        if of_few is not None:
            samples = run.config.along_training.samples / bench.config.along_training.samples
            record = of_few.agreement + image * (wanted - batch) * sources
            record += of_few.similarity * samples
        times = Times(
            gradient_bytes=bench.gradient_bytes,
            busy=busy,
            prepare=watch.preparation(_EVALUATED),
            build=watch.build(run),
            evaluate=watch.evaluation(run, _EVALUATED),
            record=record,
            image=image,
            image_bytes=image_bytes,
            kept_bytes=bench.kept_bytes,
            batch=batch,
            largest=largest,
            steps={gradients_taken(run.method): step},
            traces={gradients_taken(run.method): trace},
        )
        self._tell(run, times)
        return times

    def _tell(self, run: Run, times: Times) -> None:
        way = gradients_taken(run.method)
        self._say(
            f"  {way}, as {run.method.name}: {1000 * times.steps[way]:.0f} ms per step of "
            f"{times.batch} images per domain"
        )


@contextlib.contextmanager
def _told_of(run: Run) -> Iterator[None]:
    """Says of what can't be measured whose steps they are."""
    try:
        yield
    except (*TOO_LARGE, ArithmeticError) as error:
        raise ValueError(
            f"{run.config.name}: steps of {run.method.name} could not be measured "
            f"({one_line(f'{type(error).__name__}: {error}', 300)})"
        ) from error


def _with_small_steps(run: Run) -> Run:
    """The run with steps that diverge nowhere; they take as long as any."""
    changed = {"learning_rate": _SMALL_RATE, "weight_decay": 0.0, "targets": {}}
    return dataclasses.replace(run, method=run.method.model_copy(update=changed))


def _of_parts(taken: Taken, times: Times) -> tuple[float, float] | None:
    """A step that takes second gradients is one that takes a gradient per domain, and a pass more.

    Where both are known, it need not be compiled, which takes the longest of all.
    """
    parts: tuple[Taken, Taken] = ("a gradient per domain", "one gradient")
    if taken != "second gradients" or not times.steps.keys() >= set(parts):
        return None
    return sum(times.steps[p] for p in parts), sum(times.traces[p] for p in parts)


def _without_files(config: Config) -> Config:
    """The config with random weights, which take as long as any, and need no file or download."""
    backbone, along = config.backbone, config.along_training
    arguments = dict(backbone.arguments)
    if backbone.weights is not None and _FREEZES in backbones.parameters(backbone.name):
        arguments.setdefault(_FREEZES, True)  # as with the weights
    random = backbone.model_copy(update={"weights": None, "arguments": arguments})
    # The accuracies along training are evaluations as others.
    measured = along.model_copy(update={"accuracy": False})
    return config.model_copy(update={"backbone": random, "along_training": measured})


def _with_few_samples(config: Config) -> Config:
    """The config with gradients along training of fewer samples, which are scaled up."""
    along, training = config.along_training, config.training
    few = along.model_copy(update={"samples": min(along.samples, _SAMPLES)})
    small = training.model_copy(update={"batch_size": min(training.batch_size, _BATCH)})
    return config.model_copy(update={"along_training": few, "training": small})


def _depends_on(config: Config, sources: int, classes: int) -> tuple[object, ...]:
    """What else it depends on. The classes' number is that of what is recorded along training."""
    training, along = config.training, config.along_training
    return (
        config.data.image_size,
        config.backbone.model_dump(),
        (training.batch_size, training.jit_compile, training.optimizer.name),
        (along.samples, classes) if along.gradients else None,
        sources,
    )
