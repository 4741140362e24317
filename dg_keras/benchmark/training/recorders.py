"""What is recorded along training, beside losses and the pooled accuracy."""

import functools

import keras
import numpy as np
import pandas as pd

from dg_keras import data as datasets
from dg_keras.analysis import GradientGram
from dg_keras.benchmark.config.config import Config
from dg_keras.benchmark.records.record import Conflicts, Similarity
from dg_keras.benchmark.training.accuracy_along_training import AccuracyAlongTraining
from dg_keras.benchmark.training.batches_of_classes import batches_of_classes
from dg_keras.benchmark.training.method_models import LOSS
from dg_keras.benchmark.training.similarity_recorder import SimilarityRecorder
from dg_keras.benchmark.training.trained_inputs import TrainedInputs
from dg_keras.callbacks import GradientAgreement

_PER_LAYER = "gradient/agreement/"  # what GradientAgreement calls a layer's share


class Recorders:
    """The callbacks of an experiment's runs, as `along_training` wants them.

    Args:
        config: The experiment.
        net: The network that is trained.
        inputs: What it takes of the images.
    """

    def __init__(self, config: Config, net: keras.Model, inputs: TrainedInputs) -> None:
        self._wanted = config.along_training
        self._training = config.training
        self._is_search = config.grid is not None
        self._net = net
        self._inputs = inputs
        self._agreement: GradientAgreement | None = None
        self._earlier = pd.DataFrame()  # what another process measured of the run
        self._similarity: SimilarityRecorder | None = None

    def callbacks(self, images: datasets.LeaveOneOut, seed: int) -> list[keras.callbacks.Callback]:
        """The callbacks for a run.

        Args:
            images: The images, a domain of them held out.
            seed: What the choice of samples depends on.
        """
        self._earlier = pd.DataFrame()
        found: list[keras.callbacks.Callback] = []
        if self._wanted.accuracy:
            # What is held out has no part in a search.
            with_target = not self._is_search
            found.append(AccuracyAlongTraining(self._net, images, self._inputs, with_target))
        if self._wanted.gradients:
            domains = self._inputs.train(images)
            # The same in all runs, since it is traced for the model that it had.
            if self._agreement is None:
                self._agreement = GradientAgreement(
                    domains, batch_size=self._training.batch_size, per_layer=True
                )
            self._agreement.seed = seed
            self._agreement.domains = domains
            self._similarity = SimilarityRecorder(
                self._gram,
                batches_of_classes(images, self._inputs, self._wanted.samples, seed),
                self._training.evaluate_every,
            )
            found += [self._agreement, self._similarity]
        return found

    def state(self) -> dict[str, np.ndarray]:
        """What a process needs to go on with the latest run."""
        if self._similarity is None or self._agreement is None:
            return {}
        measurements = self._measurements(self._agreement)
        return self._similarity.state() | {key: of.to_numpy() for key, of in measurements.items()}

    def resume(self, state: dict[str, np.ndarray]) -> None:
        """Goes on with a run from the state of another process."""
        if self._similarity is None:
            return
        self._similarity.resume(state)
        self._earlier = pd.DataFrame({k: v for k, v in state.items() if k != "measured"})

    def similarity(self) -> Similarity | None:
        """What the latest run's samples' gradients were like; None where it is not recorded."""
        return None if self._similarity is None else self._similarity.recorded()

    def conflicts(self) -> Conflicts | None:
        """Where the latest run's domains conflicted; None where it is not recorded."""
        agreement = self._agreement
        return None if agreement is None else _conflicts(self._measurements(agreement))

    def _measurements(self, agreement: GradientAgreement) -> pd.DataFrame:
        """Of the gradients' agreement, those of the latest run from its first step on."""
        new = agreement.measurements
        if self._earlier.empty or new.empty:
            return new if self._earlier.empty else self._earlier
        # The callback counts the steps of its `fit`.
        taken = self._earlier["step"].iloc[-1]
        return pd.concat([self._earlier, new.assign(step=new["step"] + taken)], ignore_index=True)

    @functools.cached_property
    def _gram(self) -> GradientGram:
        return GradientGram(self._net, LOSS)


def _conflicts(measurements: pd.DataFrame) -> Conflicts:
    """The shares of components, per layer, that do not agree."""
    return Conflicts(
        steps=measurements["step"].tolist(),
        shares={
            key.removeprefix(_PER_LAYER): (1 - measurements[key]).tolist()
            for key in measurements
            if key.startswith(_PER_LAYER)
        },
    )
