"""What is recorded along training, beside losses and the pooled accuracy."""

import functools

import keras
import pandas as pd

from dg_keras import data as datasets
from dg_keras.analysis import GradientGram
from dg_keras.benchmark.accuracy_along_training import AccuracyAlongTraining
from dg_keras.benchmark.batches_of_classes import batches_of_classes
from dg_keras.benchmark.config import Config
from dg_keras.benchmark.method_models import LOSS
from dg_keras.benchmark.record import Conflicts, Similarity
from dg_keras.benchmark.similarity_recorder import SimilarityRecorder
from dg_keras.benchmark.trained_inputs import TrainedInputs
from dg_keras.callbacks import GradientAgreement
from dg_keras.model import DomainGeneralizer

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
        self._net = net
        self._inputs = inputs
        self._agreements: dict[DomainGeneralizer, GradientAgreement] = {}
        self._agreement: GradientAgreement | None = None
        self._similarity: SimilarityRecorder | None = None

    def callbacks(
        self, model: DomainGeneralizer, images: datasets.LeaveOneOut, seed: int
    ) -> list[keras.callbacks.Callback]:
        """The callbacks for a run.

        Args:
            model: The model that is trained.
            images: The images, a domain of them held out.
            seed: What the choice of samples depends on.
        """
        found: list[keras.callbacks.Callback] = []
        if self._wanted.accuracy:
            found.append(AccuracyAlongTraining(self._net, images, self._inputs))
        if self._wanted.gradients:
            domains = self._inputs.train(images)
            # One per model, since it is traced for the model that it had.
            if model not in self._agreements:
                self._agreements[model] = GradientAgreement(
                    domains, batch_size=self._training.batch_size, per_layer=True
                )
            self._agreement = self._agreements[model]
            # The seed first: domains are drawn from when they are assigned.
            self._agreement.seed = seed
            self._agreement.domains = domains
            self._similarity = SimilarityRecorder(
                self._gram,
                batches_of_classes(images, self._inputs, self._wanted.samples, seed),
                self._training.evaluate_every,
            )
            found += [self._agreement, self._similarity]
        return found

    def similarity(self) -> Similarity | None:
        """What the latest run's samples' gradients were like; None where it is not recorded."""
        return None if self._similarity is None else self._similarity.recorded()

    def conflicts(self) -> Conflicts | None:
        """Where the latest run's domains conflicted; None where it is not recorded."""
        return None if self._agreement is None else _conflicts(self._agreement.measurements)

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
