"""Carries out runs: an experiment's data and networks, made once, trained again and again."""

import dataclasses
import math
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from dg_keras import data as datasets
from dg_keras.benchmark.config.config import Config, Method, Selection
from dg_keras.benchmark.config.run import Run
from dg_keras.benchmark.config.ways_of import ways_of
from dg_keras.benchmark.records.inventory import Inventory
from dg_keras.benchmark.records.record import Divergence, Record, Result, Seconds
from dg_keras.benchmark.training.accuracies import accuracies
from dg_keras.benchmark.training.averaged_state import AveragedState
from dg_keras.benchmark.training.build_trained import build_trained
from dg_keras.benchmark.training.frozen_features import Features, frozen_features
from dg_keras.benchmark.training.method_models import MethodModels
from dg_keras.benchmark.training.models_kept import models_kept
from dg_keras.benchmark.training.one_domain_batches import one_domain_batches
from dg_keras.benchmark.training.quiet_tracing import quiet_tracing
from dg_keras.benchmark.training.recorders import Recorders
from dg_keras.benchmark.training.run_state import RunState
from dg_keras.benchmark.training.selected_state import SelectedState
from dg_keras.benchmark.training.source_loss import SourceLoss
from dg_keras.benchmark.training.trained_inputs import TrainedInputs
from dg_keras.benchmark.training.versions import versions
from dg_keras.benchmark.training.weights_digest import weights_digest
from dg_keras.common.forgotten_gradients import forgotten_gradients
from dg_keras.data.feeding.image_store import ImageStore
from dg_keras.fitting.nonfinite_error import NonfiniteError


class Runner:
    """Trains and tests the runs of one experiment.

    What is frozen is computed once for every image, and a method's training step is traced once.
    What comes of a run does not depend on what the process has done before.

    Args:
        config: The experiment.
        images: Its images, as `load_images` returns them.
        features: What keeps that of the frozen from one process to the next; None to compute it in
            each.
        keep_traced: How many models are kept in memory; see `models_kept`.

    Attributes:
        origin: What records of its runs say that they were made of, beside their config.
    """

    def __init__(
        self,
        config: Config,
        images: datasets.LeaveOneOut,
        features: Features | None = None,
        keep_traced: int | None = None,
    ) -> None:
        self.config = config
        self._images = images
        inventory = Inventory.of_images(images)
        classes = len(images.classes)
        front, self._net = build_trained(config, classes, config.seed)
        self.origin: dict[str, Any] = {
            "split": inventory.digest,
            "weights": weights_digest(config),  # which may have been downloaded just now
            "skipped_images": sum(map(len, images.skipped.values())),
            "versions": versions(),
        }
        self._front = front
        if front is None:  # else what is kept of them was made of every image, or will be now
            images.images.decode(np.arange(len(images.table)))  # a broken one is told here
        self._inputs = TrainedInputs(
            None
            if front is None
            else frozen_features(config, images, inventory.digests, front, features)
        )
        self._recorders = Recorders(config, self._net, self._inputs)
        sample = next(iter(self._inputs.validation(images).unbatch().batch(1)))
        ways = ways_of(config, images.domains)
        # None, where the config's own values are none of those that its grid has methods share.
        kept = models_kept(keep_traced, self.gradient_bytes, max(1, ways))
        self._models = MethodModels(
            config, self._net, classes, len(images.domains) - 1, sample, kept
        )

    @quiet_tracing()
    @forgotten_gradients()
    def run(self, run: Run, checkpoint: Path | None = None) -> Record:
        """Trains a method with a domain held out, and tests it on that domain.

        Args:
            run: The run.
            checkpoint: The file that it writes its state to, and goes on from where it was broken
                off; None to do without.
        """
        start = time.perf_counter()
        training = self.config.training
        seed = self.config.run_seed(run.target, run.trial)
        images = self._without(run.target)
        model = self._models.reset(run.method, run.target, seed)
        recorders = self._recorders.callbacks(images, seed)
        selected = self._selected(self.config.selection_of(run.method), images)
        made_from: dict[str, Any] = {
            **{"method": run.method.name, "target": run.target, "trial": run.trial, "seed": seed},
            "config": self.config.of_run(run.method, run.target),
            **self.origin,
        }
        state = RunState(
            checkpoint,
            made_from,
            training.evaluations_per_checkpoint,
            {"selected": selected, "recorders": self._recorders},
        )
        state.resume()
        recorded = self.config.along_training.accuracy
        prepared = time.perf_counter()
        diverged = None
        try:
            model.fit(
                **self._trained_on(run.method, images, seed, state.evaluations),
                steps_per_epoch=training.evaluate_every,
                initial_epoch=state.evaluations,
                epochs=training.steps // training.evaluate_every,
                validation_data=None if recorded else self._inputs.validation(images),
                callbacks=[*recorders, selected, state],
                verbose=0,
            )
        except NonfiniteError as error:
            diverged = Divergence(step=error.step, domain=error.domain, loss=error.loss)
        trained = time.perf_counter()
        steps = [training.evaluate_every * (i + 1) for i in range(state.evaluations)]
        result = selected_step = averaged_from = None
        if diverged is None:
            measured = {} if self.config.grid is not None else self._test(images)
            if isinstance(selected, AveragedState):
                averaged_from, selected_step = selected.averaged
                accuracy = self._validate(model, images)
            else:
                selected_step = steps[selected.evaluation]
                accuracy = state.history["val_accuracy"][selected.evaluation]
            result = Result(validation_accuracy=accuracy, **measured)
        ended = time.perf_counter()
        return Record(
            **made_from,
            result=result,
            selected_step=selected_step,
            averaged_from=averaged_from,
            diverged=diverged,
            history_steps=steps,
            history=state.history,
            similarity=self._recorders.similarity(),
            conflicts=self._recorders.conflicts(),
            seconds=Seconds(
                prepare=prepared - start,
                train=state.seconds + trained - prepared,
                test=ended - trained,
            ),
        )

    @property
    def gradient_bytes(self) -> int:
        """What a gradient of the trained network takes in memory."""
        return sum(4 * int(np.prod(v.shape)) for v in self._net.trainable_variables)

    @property
    def kept_bytes(self) -> int:
        """What of an image is kept in memory: its pixels, or as numbers what the frozen makes."""
        if self._front is None:
            return math.prod(self._images.images.image_shape)
        return 4 * math.prod(self._front.output_shape[1:])

    @property
    def domains(self) -> tuple[str, ...]:
        """Names of all domains."""
        return self._images.domains

    @quiet_tracing()
    @forgotten_gradients()
    def time_steps(self, run: Run, steps: int, batch_size: int | None = None) -> "StepTime":
        """Trains a few steps, and records nothing.

        Args:
            run: The run.
            steps: How many are measured, after one in which all is traced.
            batch_size: Images per domain; None for the config's.
        """
        start = time.perf_counter()
        images = self._without(run.target)
        model = self._models.reset(run.method, run.target, seed=0)
        batches = self._trained_on(run.method, images, seed=0, batch_size=batch_size)
        clock = _Clock()
        model.fit(**batches, steps_per_epoch=1 + steps, callbacks=[clock], verbose=0)
        seconds = clock.end - clock.begins[1]
        return StepTime(seconds / steps, clock.begins[1] - start, clock.computed / seconds)

    def time_preparation(self, number: int) -> float:
        """Seconds per image until it can be trained on, measured on so many at most."""
        store = self._images.images
        paths = store.paths[:number]
        start = time.perf_counter()
        pixels = ImageStore(paths, store.image_shape[:2], sys.maxsize).read(np.arange(len(paths)))
        decoded = time.perf_counter() - start
        if self._front is None:
            return decoded / len(paths)
        self._front.predict(pixels, verbose=0)  # in which it is traced
        start = time.perf_counter()
        self._front.predict(pixels, verbose=0)
        return (decoded + time.perf_counter() - start) / len(paths)

    def time_build(self, run: Run) -> float:
        """Seconds until what a run begins with is built, and a method's model put back to it."""
        self._models.reset(run.method, run.target, seed=0)  # in which the method's model is made
        start = time.perf_counter()
        self._models.reset(run.method, run.target, seed=1)
        return time.perf_counter() - start

    @quiet_tracing()
    def time_evaluation(self, run: Run, number: int) -> float:
        """Seconds per image that is evaluated, measured on so many at most."""
        model = self._models.reset(run.method, run.target, seed=0)
        parts = [self._images.part(domain) for domain in self.domains]
        batch = self._inputs.batches(parts, number).take(1)
        model.evaluate(batch, verbose=0)  # in which it is traced
        start = time.perf_counter()
        model.evaluate(batch, verbose=0)
        return (time.perf_counter() - start) / min(number, len(self._images.table))

    @quiet_tracing()
    @forgotten_gradients()
    def time_recorders(self, run: Run) -> float:
        """Seconds of a measurement along training; 0 where nothing is measured."""
        images = self._without(run.target)
        model = self._models.reset(run.method, run.target, seed=0)
        batches = self._trained_on(run.method, images, seed=0, batch_size=1)
        seconds = 0.0
        for _ in range(2):  # once to trace it all
            recorders = self._recorders.callbacks(images, seed=0)
            if not recorders:
                return 0.0
            start = time.perf_counter()
            model.fit(**batches, steps_per_epoch=1, callbacks=recorders, verbose=0)
            seconds = time.perf_counter() - start
        return seconds / 2  # it is measured before and after

    def _without(self, target: str) -> datasets.LeaveOneOut:
        """The images with a domain held out."""
        test_whole = self.config.data.test == "whole"
        return dataclasses.replace(self._images, target=target, test_whole=test_whole)

    def _trained_on(
        self,
        method: Method,
        images: datasets.LeaveOneOut,
        seed: int,
        evaluations: int = 0,
        batch_size: int | None = None,
    ) -> dict[str, Any]:
        """The arguments of `fit` that say what a method is trained on, after some evaluations."""
        domains, size = self._inputs.train(images), batch_size or self.config.training.batch_size
        if method.batches == "one_domain":
            step = evaluations * self.config.training.evaluate_every
            return {"x": one_domain_batches(domains, size, seed, step), "shuffle": False}
        return {"x": domains, "batch_size": size}

    def _selected(
        self, selection: Selection, images: datasets.LeaveOneOut
    ) -> SelectedState | AveragedState:
        """What puts the network into the state in which it is tested."""
        if selection != "average":
            return SelectedState(selection)
        loss = SourceLoss(self._net, images, self._inputs)
        return AveragedState(self.config.training.evaluate_every, loss)

    def _validate(self, model: keras.Model, images: datasets.LeaveOneOut) -> float:
        """The accuracy on the sources' pooled validation parts."""
        validation = self._inputs.validation(images)
        return model.evaluate(validation, verbose=0, return_dict=True)["accuracy"]

    def _test(self, images: datasets.LeaveOneOut) -> dict[str, float]:
        """The measures on the held-out domain."""
        # The methods share the network, and so one function to predict with.
        predicted = self._net.predict(self._inputs.test(images), verbose=0)
        return accuracies(images, predicted.argmax(axis=-1))


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
