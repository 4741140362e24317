"""The loss on what the sources are validated on."""

import keras
import numpy as np

from dg_keras import data as datasets
from dg_keras.benchmark.training.method_models import LOSS
from dg_keras.benchmark.training.trained_inputs import TrainedInputs


class SourceLoss:
    """The mean of the sources' losses, each of its validation part and of the data alone.

    Args:
        net: The network that is trained, which returns a score per class.
        images: The images, a domain of them held out.
        inputs: What the network takes of them.
    """

    def __init__(
        self, net: keras.Model, images: datasets.LeaveOneOut, inputs: TrainedInputs
    ) -> None:
        self._net = net
        parts = [images.part(source, "validation") for source in images.sources]
        self._parts = [part for part in parts if len(part)]
        self._inputs = inputs.batches(self._parts, images.batch_size)

    def __call__(self) -> float:
        """It, with the weights that the network has now."""
        scores = self._net.predict(self._inputs, verbose=0)
        labels = np.concatenate([part.labels for part in self._parts])
        ends = np.cumsum([len(part) for part in self._parts])[:-1]
        of_each = zip(np.split(labels, ends), np.split(scores, ends), strict=True)
        return float(np.mean([LOSS(true, given) for true, given in of_each]))
