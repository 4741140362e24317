"""Evaluations in the middle of an epoch."""

import contextlib
from collections.abc import Iterator

import keras


@contextlib.contextmanager
def metrics_kept(model: keras.Model) -> Iterator[None]:
    """Leaves what an epoch has counted so far as it is, whatever is evaluated inside.

    Keras' `evaluate` counts in the same metrics as training, from 0.
    """
    kept = [(variable, variable.numpy()) for variable in model.metrics_variables]
    try:
        yield
    finally:
        for variable, value in kept:
            variable.assign(value)
