"""Data that are interleaved already."""

from typing import Any

import keras

from dg_keras.data.feeding.checked_batches import check_labels_of_arrays, checked_batches
from dg_keras.fitting.checks import check_dataset, check_stays_interleaved
from dg_keras.fitting.classes import classes


def check_interleaved(
    model: keras.Model, x: Any, y: Any, batch_size: int | None, arguments: dict[str, Any]
) -> Any:
    """Refuses what Keras would mix, and looks at batches when they are drawn.

    Args:
        model: The `DomainGeneralizer`, for its `net` and `domain_names`.
        x: What `fit` was given.
        y: Its targets, where they are not in `x`.
        batch_size: Samples per batch, or None.
        arguments: The other arguments of `fit`.

    Returns:
        `x`, for Keras.
    """
    names, replicas = model.domain_names, model.distribute_strategy.num_replicas_in_sync
    check_dataset(x, arguments.get("steps_per_epoch"), names)
    check_stays_interleaved(x, batch_size, arguments, names, replicas)
    if names is None:
        return x
    known = classes(model, model.net)
    check_labels_of_arrays(y, known)
    # A replica gets a slice of the batch, which must begin with the first domain.
    return checked_batches(x, len(names) * replicas, known)
