"""The variables of optimizer and metrics, made before the step is traced."""

from typing import Any

import keras
import tensorflow as tf

from dg_keras.objectives import Batch


def make_variables(model: keras.Model, net: keras.Model, batch: Batch) -> None:
    """Makes the variables of the optimizer, if the network is built, and those of the metrics.

    The metrics' are made where the network tells its output's shape. A step that makes variables
    while it is traced is traced twice.

    Args:
        model: The compiled model.
        net: The network that it trains.
        batch: What the step is traced with, or its specification.
    """
    if not net.built or tf.distribute.has_strategy():
        return
    if not model.optimizer.built:
        with tf.init_scope():
            model.optimizer.build(model.trainable_variables)
    outputs = getattr(net, "outputs", None) or []
    compared = keras.tree.flatten((outputs, batch.y, batch.sample_weight))
    shapes = [tuple(tensor.shape[1:]) for tensor in compared if tensor is not None]
    is_known = len(outputs) == 1 and all(None not in shape for shape in shapes)
    if not is_known or all(getattr(metric, "built", True) for metric in model.metrics):
        return
    with tf.init_scope():
        # One sample of zeros; where dimensions of the inputs are open, one along each.
        sample = keras.tree.map_structure(
            _zeros, (batch.x, batch.y, outputs[0], batch.sample_weight), none_is_leaf=False
        )
        model.compute_metrics(*sample)
        model.reset_metrics()


def specified(data: Any) -> Batch:
    """The batch of a data set's specification, for its shapes and dtypes."""
    # Keras makes one of what is None.
    data = keras.tree.map_structure(lambda s: None if isinstance(s, tf.OptionalSpec) else s, data)
    return Batch(*keras.utils.unpack_x_y_sample_weight(data))


def _zeros(tensor: Any) -> tf.Tensor:
    shape = [1, *(1 if side is None else side for side in tensor.shape[1:])]
    return tf.zeros(shape, tf.as_dtype(tensor.dtype))
