"""Carries out the runs of one experiment."""

import time
from pathlib import Path
from typing import Any

import keras
import numpy as np

from dg_keras import data as datasets
from dg_keras.benchmark.config.config import Selection
from dg_keras.benchmark.config.run import Run
from dg_keras.benchmark.records.record import Divergence, Record, Result, Seconds
from dg_keras.benchmark.training.accuracies import accuracies
from dg_keras.benchmark.training.averaged_state import AveragedState
from dg_keras.benchmark.training.nonfinite_scores_error import NonfiniteScoresError
from dg_keras.benchmark.training.quiet_tracing import quiet_tracing
from dg_keras.benchmark.training.run_state import RunState
from dg_keras.benchmark.training.selected_state import SelectedState
from dg_keras.benchmark.training.source_loss import SourceLoss
from dg_keras.benchmark.training.versions import versions
from dg_keras.benchmark.training.workbench import Workbench
from dg_keras.common.forgotten_gradients import forgotten_gradients
from dg_keras.fitting.nonfinite_error import NonfiniteError


class Runner:
    """Trains and tests runs, again and again with what is on one workbench.

    What comes of a run does not depend on what the process has done before.

    Args:
        bench: What the experiment's runs train with.

    Attributes:
        bench: The same.
        origin: What records of its runs say that they were made of, beside their config.
    """

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench
        self.origin: dict[str, Any] = {
            "split": bench.inventory.digest,
            "weights": bench.weights_digest,
            "skipped_images": sum(map(len, bench.images.skipped.values())),
            "versions": versions(bench.config.imports),
        }

    @quiet_tracing()
    @forgotten_gradients()
    def run(self, run: Run, checkpoint: Path | None = None) -> Record:
        """Trains a method with a domain held out, and tests it on that domain.

        Args:
            run: The run.
            checkpoint: The file that it writes its state to, and goes on from where it was broken
                off; None to do without.

        Raises:
            ChangedError: If images or weights are no longer what they were.
        """
        start = time.perf_counter()
        bench, config = self.bench, self.bench.config
        training = config.training
        seed = config.run_seed(run.target, run.trial)
        images = bench.without(run.target)
        model = bench.models.reset(run.method, run.target, seed)
        recorders = bench.recorders.callbacks(images, seed)
        selected = self._selected(config.selection_of(run.method), images)
        made_from: dict[str, Any] = {
            **{"method": run.method.name, "target": run.target, "trial": run.trial, "seed": seed},
            "config": config.of_run(run.method, run.target),
            **self.origin,
        }
        state = RunState(
            checkpoint,
            made_from,
            training.evaluations_per_checkpoint,
            {"selected": selected, "recorders": bench.recorders},
            bench.check_files,
        )
        state.resume()
        recorded = config.along_training.accuracy
        prepared = time.perf_counter()
        trained = result = diverged = selected_step = averaged_from = None
        try:
            model.fit(
                **bench.trained_on(run.method, images, seed, state.evaluations),
                steps_per_epoch=training.evaluate_every,
                initial_epoch=state.evaluations,
                epochs=training.steps // training.evaluate_every,
                validation_data=None if recorded else bench.inputs.validation(images),
                callbacks=[*recorders, selected, state],
                verbose=0,
            )
            trained = time.perf_counter()
            measured = {} if config.grid is not None else self._test(images)
            if isinstance(selected, AveragedState):
                accuracy = self._validate(model, images)
                averaged_from, selected_step = selected.averaged
            else:
                accuracy = state.history["val_accuracy"][selected.evaluation]
                selected_step = training.evaluate_every * (selected.evaluation + 1)
            result = Result(validation_accuracy=accuracy, **measured)
        except NonfiniteError as error:
            # Batches of one domain are not of those that the model calls so.
            domain = error.domain if run.method.batches == "each_domain" else None
            diverged = Divergence(step=error.step, domain=domain, loss=error.loss)
        except NonfiniteScoresError:
            diverged = Divergence(step=int(model.step.numpy()), domain=None, loss=None)
        bench.check_files()
        ended = time.perf_counter()
        trained = ended if trained is None else trained
        return Record(
            **made_from,
            result=result,
            selected_step=selected_step,
            averaged_from=averaged_from,
            diverged=diverged,
            history_steps=[training.evaluate_every * (i + 1) for i in range(state.evaluations)],
            history=dict(state.history),
            similarity=bench.recorders.similarity(),
            conflicts=bench.recorders.conflicts(),
            seconds=Seconds(
                prepare=prepared - start,
                train=state.seconds + trained - prepared,
                test=ended - trained,
            ),
        )

    def _selected(
        self, selection: Selection, images: datasets.LeaveOneOut
    ) -> SelectedState | AveragedState:
        """What puts the network into the state in which it is tested."""
        if selection != "average":
            return SelectedState(selection)
        loss = SourceLoss(self.bench.net, images, self.bench.inputs)
        return AveragedState(self.bench.config.training.evaluate_every, loss)

    def _validate(self, model: keras.Model, images: datasets.LeaveOneOut) -> float:
        """The accuracy on the sources' pooled validation parts."""
        validation = self.bench.inputs.validation(images)
        measured = model.evaluate(validation, verbose=0, return_dict=True)
        if not np.isfinite(measured["loss"]):
            raise NonfiniteScoresError
        return measured["accuracy"]

    def _test(self, images: datasets.LeaveOneOut) -> dict[str, float]:
        """The measures on the held-out domain."""
        # The methods share the network, and so one function to predict with.
        scores = self.bench.net.predict(self.bench.inputs.test(images), verbose=0)
        if not np.isfinite(scores).all():
            raise NonfiniteScoresError
        return accuracies(images, scores.argmax(axis=-1))
