"""What a network makes of each of several parts, in one pass."""

from collections.abc import Sequence

import keras
import numpy as np

from dg_keras import data as datasets
from dg_keras.benchmark.training.nonfinite_scores_error import NonfiniteScoresError
from dg_keras.benchmark.training.trained_inputs import TrainedInputs


class ByPart:
    """The labels and the network's scores of each of some parts, one pass over all of them.

    Args:
        net: The network that is trained, which returns a score per class.
        parts: Parts of domains; any may be empty, but not all.
        inputs: What the network takes of them.
        size: Images at once.
    """

    def __init__(
        self,
        net: keras.Model,
        parts: Sequence[datasets.Domain],
        inputs: TrainedInputs,
        size: int,
    ) -> None:
        self._net = net
        self._inputs = inputs.batches(parts, size)
        self._labels = [part.labels for part in parts]
        self._ends = np.cumsum([len(part) for part in parts])[:-1]

    def __call__(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """They, with the weights that the network has now: of shapes `[n]` and `[n, classes]`.

        Raises:
            NonfiniteScoresError: If a score is infinite or NaN.
        """
        scores = self._net.predict(self._inputs, verbose=0)
        if not np.isfinite(scores).all():
            raise NonfiniteScoresError
        return list(zip(self._labels, np.split(scores, self._ends), strict=True))
