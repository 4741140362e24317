"""The loss on what the sources are validated on."""

import keras
import numpy as np

from dg_keras import data as datasets
from dg_keras.benchmark.training.by_part import ByPart
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
        parts = [images.part(source, "validation") for source in images.sources]
        not_empty = [part for part in parts if len(part)]
        self._by_part = ByPart(net, not_empty, inputs, images.batch_size)

    def __call__(self) -> float:
        """It, with the weights that the network has now."""
        return float(np.mean([LOSS(true, given) for true, given in self._by_part()]))
