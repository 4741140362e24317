"""The measures on the held-out domain."""

import numpy as np
import pandas as pd

from dg_keras import data as datasets
from dg_keras.benchmark.training.trained_inputs import tested


def accuracies(images: datasets.LeaveOneOut, predicted: np.ndarray) -> dict[str, float]:
    """Measures predictions for what the held-out domain is tested on.

    Args:
        images: The images, a domain of them held out.
        predicted: The class numbers predicted, shape `[n]`, in the order of the tested images.

    Returns:
        `accuracy`, `balanced_accuracy`, and where images show concepts that no source was trained
        on `new_concepts_accuracy`, each in 0..1.
    """
    part = tested(images)
    correct = pd.Series(predicted == part.labels)
    found = {
        "accuracy": correct.mean(),
        "balanced_accuracy": correct.groupby(part.labels).mean().mean(),
    }
    if "concept" in images.table:
        unseen = pd.Series(images.unseen_concepts, index=images.part(images.held_out).rows)
        of_unseen = correct[unseen[part.rows].to_numpy()]
        if len(of_unseen):
            found["new_concepts_accuracy"] = of_unseen.mean()
    return {name: float(value) for name, value in found.items()}
