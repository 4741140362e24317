"""Evaluations in the middle of an epoch."""

import contextlib
from collections.abc import Iterator

import keras

from dg_keras.step.changed_by_passes import changed_by_passes


@contextlib.contextmanager
def metrics_kept(model: keras.Model) -> Iterator[None]:
    """Leaves what an epoch has counted so far as it is, whatever is evaluated inside.

    Keras' `evaluate` counts in the same metrics as training, from 0, and a layer may draw or count
    in inference, too.
    """
    changed = list(model.metrics_variables)
    if model.distribute_strategy.num_replicas_in_sync == 1:  # else each replica has its own
        changed += changed_by_passes(model)
    kept = [(variable, variable.numpy()) for variable in changed]
    try:
        yield
    finally:
        for variable, value in kept:
            variable.assign(value)
