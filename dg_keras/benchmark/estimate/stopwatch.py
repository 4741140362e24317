"""How long the parts of a run take."""

import math
import sys
import time
from typing import Any, NamedTuple

import keras
import numpy as np

from dg_keras.benchmark.config.run import Run
from dg_keras.benchmark.training.quiet_tracing import quiet_tracing
from dg_keras.benchmark.training.workbench import Workbench
from dg_keras.common.forgotten_gradients import forgotten_gradients
from dg_keras.data.feeding.image_store import ImageStore


class Stopwatch:
    """Times what a run does, of which nothing is recorded.

    Args:
        bench: What runs train with.
    """

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench

    @quiet_tracing()
    @forgotten_gradients()
    def steps(self, run: Run, steps: int, batch_size: int | None = None) -> "StepTime":
        """Trains a few steps.

        Args:
            run: The run.
            steps: How many are measured, after one in which all is traced.
            batch_size: Images per domain; None for the config's.
        """
        start = time.perf_counter()
        images = self._bench.without(run.target)
        model = self._bench.models.reset(run.method, run.target, seed=0)
        batches = self._bench.trained_on(run.method, images, seed=0, batch_size=batch_size)
        clock = _Clock()
        model.fit(**batches, steps_per_epoch=1 + steps, callbacks=[clock], verbose=0)
        seconds = clock.end - clock.begins[1]
        return StepTime(seconds / steps, clock.begins[1] - start, clock.computed / seconds)

    def preparation(self, number: int) -> float:
        """Seconds per image until it can be trained on, measured on so many at most."""
        store, front = self._bench.images.images, self._bench.front
        paths = store.paths[:number]
        start = time.perf_counter()
        pixels = ImageStore(paths, store.image_shape[:2], sys.maxsize).read(np.arange(len(paths)))
        decoded = time.perf_counter() - start
        if front is None:
            return decoded / len(paths)
        front.predict(pixels, verbose=0)  # in which it is traced
        start = time.perf_counter()
        front.predict(pixels, verbose=0)
        return (decoded + time.perf_counter() - start) / len(paths)

    def build(self, run: Run) -> float:
        """Seconds until what a run begins with is built, and a method's model put back to it."""
        models = self._bench.models
        models.reset(run.method, run.target, seed=0)  # in which the method's model is made
        start = time.perf_counter()
        models.reset(run.method, run.target, seed=1)
        return time.perf_counter() - start

    @quiet_tracing()
    def evaluation(self, run: Run, number: int) -> float:
        """Seconds per image that is evaluated, measured on so many at most."""
        images = self._bench.images
        model = self._bench.models.reset(run.method, run.target, seed=0)
        parts = [images.part(domain) for domain in images.domains]
        batch = self._bench.inputs.batches(parts, number).take(1)
        # Decoded, the first domain's, of which there may be less.
        ((_, labels),) = batch
        model.evaluate(batch, verbose=0)  # in which it is traced
        start = time.perf_counter()
        model.evaluate(batch, verbose=0)
        return (time.perf_counter() - start) / len(labels)

    @quiet_tracing()
    @forgotten_gradients()
    def recorders(self, run: Run) -> "RecordTime | None":
        """Times what is measured of the gradients along training; None where nothing is."""
        images = self._bench.without(run.target)
        recorders = self._bench.recorders.callbacks(images, seed=0)
        if not recorders:
            return None
        model = self._bench.models.reset(run.method, run.target, seed=0)
        batches = self._bench.trained_on(run.method, images, seed=0, batch_size=1)
        model.fit(**batches, steps_per_epoch=1, callbacks=recorders, verbose=0)  # traces it all
        agreement, similarity = recorders  # accuracy along training is an evaluation as others
        start = time.perf_counter()
        agreement.measure()
        between = time.perf_counter()
        similarity.on_epoch_end(0)
        return RecordTime(between - start, time.perf_counter() - between)


class StepTime(NamedTuple):
    """What a step takes.

    Args:
        seconds: Of a step after the first.
        first: Seconds until the first is done, in which all is traced.
        busy: How many cores one after the first keeps busy on average.
    """

    seconds: float
    first: float
    busy: float


class RecordTime(NamedTuple):
    """What a measurement of the gradients along training takes, in seconds.

    Args:
        agreement: Of the domains' gradients.
        similarity: Of single samples' gradients.
    """

    agreement: float
    similarity: float


class _Clock(keras.callbacks.Callback):
    """When steps begin, when the last has ended, and what all cores computed after the first."""

    def __init__(self) -> None:
        super().__init__()
        self.begins: list[float] = []
        self.end = self.computed = math.nan

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self.begins.append(time.perf_counter())
        if len(self.begins) == 2:
            self.computed = time.process_time()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.end = time.perf_counter()
        self.computed = time.process_time() - self.computed
