"""Samples whose gradients are compared."""

from typing import Any

import numpy as np

from dg_keras import data as datasets
from dg_keras.benchmark.training.check_samples import check_samples
from dg_keras.benchmark.training.trained_inputs import TrainedInputs


def batches_of_classes(
    images: datasets.LeaveOneOut, inputs: TrainedInputs, samples: int, seed: int
) -> list[tuple[Any, Any, list[str]]]:
    """Draws one batch per class, with as many samples of every source.

    Args:
        images: The images, a domain of them held out.
        inputs: What the network takes of them.
        samples: Samples per source in a batch. A class of which a source has fewer is left out.
        seed: What the draws depend on.

    Returns:
        Inputs, labels, and the domain of every sample, per class.

    Raises:
        ValueError: If no class is left.
    """
    check_samples(samples, images.table, images.held_out)
    rng = np.random.default_rng(seed)
    batches = []
    for label, _ in enumerate(images.classes):
        of_class = {s: np.flatnonzero(p.labels == label) for s, p in images.train.items()}
        if min(map(len, of_class.values())) < samples:
            continue
        chosen = {s: rng.choice(at, samples, replace=False) for s, at in of_class.items()}
        x = np.concatenate([inputs.some(images.train[s], at) for s, at in chosen.items()])
        domains = [source for source in chosen for _ in range(samples)]
        batches.append((x, np.full(len(domains), label), domains))
    return batches
