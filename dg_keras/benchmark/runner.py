"""Carries out runs: an experiment's data and networks, made once, trained again and again."""

import dataclasses
import time
from pathlib import Path
from typing import Any

import numpy as np

from dg_keras import data as datasets
from dg_keras.benchmark.accuracies import accuracies
from dg_keras.benchmark.build_trained import build_trained
from dg_keras.benchmark.config import Config, Method
from dg_keras.benchmark.frozen_features import frozen_features
from dg_keras.benchmark.inventory import Inventory
from dg_keras.benchmark.method_models import MethodModels
from dg_keras.benchmark.one_domain_batches import one_domain_batches
from dg_keras.benchmark.quiet_tracing import quiet_tracing
from dg_keras.benchmark.record import Record, Result, Seconds
from dg_keras.benchmark.recorders import Recorders
from dg_keras.benchmark.run import Run
from dg_keras.benchmark.run_state import RunState
from dg_keras.benchmark.selected_state import SelectedState
from dg_keras.benchmark.trained_inputs import TrainedInputs
from dg_keras.benchmark.versions import versions


class Runner:
    """Trains and tests the runs of one experiment.

    What is frozen is computed once for every image, and a method's training step is traced once.
    What comes of a run does not depend on what the process has done before.

    Args:
        config: The experiment.
        images: Its images, as `load_images` returns them.
        features: The folder that keeps what is frozen from one process to the next; None to
            compute it in each.
        kept: How many methods' models are kept; see `MethodModels`.
    """

    def __init__(
        self,
        config: Config,
        images: datasets.LeaveOneOut,
        features: Path | None = None,
        kept: int = 1,
    ) -> None:
        self.config = config
        self._images = images
        inventory = Inventory.of_images(images)
        self._split = inventory.digest
        classes = len(images.classes)
        front, self._net = build_trained(config, classes, config.seed)
        if front is None:  # else what is kept of them was made of every image, or will be now
            images.images.decode(np.arange(len(images.table)))  # a broken one is told here
        self._inputs = TrainedInputs(
            None
            if front is None
            else frozen_features(config, images, inventory.table["sha256"], front, features)
        )
        self._recorders = Recorders(config, self._net, self._inputs)
        sample = next(iter(self._inputs.validation(images).unbatch().batch(1)))
        self._models = MethodModels(
            config, self._net, classes, len(images.domains) - 1, sample, kept
        )

    @quiet_tracing()
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
        selected = SelectedState(training.selection)
        made_from = {"seed": seed, "split": self._split, "versions": versions()}
        made_from["config"] = self.config.of_run(run.method, run.target)
        state = RunState(
            checkpoint,
            {"target": run.target, "trial": run.trial, **made_from},
            training.evaluations_per_checkpoint,
            {"selected": selected, "recorders": self._recorders},
        )
        state.resume()
        recorded = self.config.along_training.accuracy
        prepared = time.perf_counter()
        model.fit(
            **self._trained_on(run.method, images, seed, state.evaluations),
            steps_per_epoch=training.evaluate_every,
            initial_epoch=state.evaluations,
            epochs=training.steps // training.evaluate_every,
            validation_data=None if recorded else self._inputs.validation(images),
            callbacks=[*recorders, selected, state],
            verbose=0,
        )
        trained = time.perf_counter()
        accuracies_of_sources = state.history["val_accuracy"]
        chosen = _selected(accuracies_of_sources, training.selection)
        measured = {} if self.config.grid is not None else self._test(images)
        ended = time.perf_counter()
        return Record(
            method=run.method.name,
            target=run.target,
            trial=run.trial,
            **made_from,
            result=Result(validation_accuracy=accuracies_of_sources[chosen], **measured),
            selected_step=training.evaluate_every * (chosen + 1),
            history_steps=list(
                range(training.evaluate_every, training.steps + 1, training.evaluate_every)
            ),
            history=state.history,
            similarity=self._recorders.similarity(),
            conflicts=self._recorders.conflicts(),
            seconds=Seconds(
                prepare=prepared - start, train=trained - prepared, test=ended - trained
            ),
        )

    @property
    def gradient_bytes(self) -> int:
        """What a gradient of the trained network takes in memory."""
        return sum(4 * int(np.prod(v.shape)) for v in self._net.trainable_variables)

    @quiet_tracing()
    def time_steps(self, run: Run, steps: int) -> tuple[float, float]:
        """Trains a few steps of a run, and records nothing.

        Returns:
            Seconds per training step, and seconds per evaluation on the validation parts.
        """
        images = self._without(run.target)
        model = self._models.reset(run.method, run.target, seed=0)
        batches = self._trained_on(run.method, images, seed=0)
        model.fit(**batches, steps_per_epoch=1, verbose=0)
        start = time.perf_counter()
        model.fit(**batches, steps_per_epoch=steps, verbose=0)
        trained = time.perf_counter()
        model.evaluate(self._inputs.validation(images), verbose=0)
        return (trained - start) / steps, time.perf_counter() - trained

    def _without(self, target: str) -> datasets.LeaveOneOut:
        """The images with a domain held out."""
        test_whole = self.config.data.test == "whole"
        return dataclasses.replace(self._images, target=target, test_whole=test_whole)

    def _trained_on(
        self, method: Method, images: datasets.LeaveOneOut, seed: int, evaluations: int = 0
    ) -> dict[str, Any]:
        """The arguments of `fit` that say what a method is trained on, after some evaluations."""
        domains, size = self._inputs.train(images), self.config.training.batch_size
        if method.batches == "one_domain":
            step = evaluations * self.config.training.evaluate_every
            return {"x": one_domain_batches(domains, size, seed, step), "shuffle": False}
        return {"x": domains, "batch_size": size}

    def _test(self, images: datasets.LeaveOneOut) -> dict[str, float]:
        """The measures on the held-out domain."""
        # The methods share the network, and so one function to predict with.
        predicted = self._net.predict(self._inputs.test(images), verbose=0)
        return accuracies(images, predicted.argmax(axis=-1))


def _selected(accuracies: list[float], selection: str) -> int:
    """Which evaluation was selected, counted from 0."""
    return len(accuracies) - 1 if selection == "last" else int(np.argmax(accuracies))
