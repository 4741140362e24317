"""What Keras logs of the loss of each output."""

import contextlib
from collections.abc import Iterator

import keras
import tensorflow as tf


@contextlib.contextmanager
def metrics_weighed(model: keras.Model, share: tf.Tensor | None) -> Iterator[None]:
    """Has a loss that is taken meanwhile count with a share in the metrics of the outputs' losses.

    Args:
        model: The model that is trained.
        share: What part of a sample each sample counts as, a scalar; None for all of it.
    """
    if share is None:
        yield
        return
    before = {id(v): tf.convert_to_tensor(v) for v in _variables(model)}
    yield
    for variable in _variables(model):
        after = tf.convert_to_tensor(variable)
        start = before.get(id(variable), tf.zeros_like(after))
        variable.assign(start + tf.cast(share, after.dtype) * (after - start))


def _variables(model: keras.Model) -> list[keras.Variable]:
    """The sums and counts of the metrics that the compiled loss updates."""
    losses = [
        metric
        for metric in model.metrics
        if type(metric) is keras.metrics.Mean and metric.name.endswith("_loss")
    ]
    return [variable for metric in losses for variable in metric.variables]
