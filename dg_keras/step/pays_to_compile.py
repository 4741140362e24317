"""Whether XLA pays where nobody said whether to use it."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras.src.models.functional import Functional

from dg_keras.common.loss_of import cross_entropy, loss_of
from dg_keras.objectives import Objective
from dg_keras.step.inner_optimizers import inner_optimizers
from dg_keras.step.is_known import is_known
from dg_keras.step.one_pass import is_enough
from dg_keras.strategies import Strategy

SMALL = 2**18
"""Components of all weights up to which a step takes as long as its operations are many."""

FEW = 8
"""Domains up to which compiling their passes takes seconds."""

_LAYERS = (
    *(keras.layers.InputLayer, keras.layers.Dense, keras.layers.Flatten, keras.layers.Reshape),
    *(keras.layers.Activation, keras.layers.ReLU, keras.layers.LeakyReLU, keras.layers.ELU),
    *(keras.layers.Softmax, keras.layers.Rescaling, keras.layers.Dropout),
    *(keras.layers.LayerNormalization, keras.layers.Add, keras.layers.Concatenate),
)
"""What XLA knows, and makes no slower on a CPU."""

_GIVEN = (
    *("activation", "activity_regularizer", "kernel_regularizer", "bias_regularizer"),
    *("kernel_constraint", "bias_constraint"),
)
"""What layers are given that may be the user's own."""


def pays_to_compile(
    model: keras.Model,
    net: keras.Model,
    strategy: Strategy,
    objective: Objective,
    domains: int,
    metrics: Any,
) -> bool:
    """Whether a step on a CPU is known to be compiled by XLA, and to be faster then.

    It is where the network is small, so that a step takes as long as TensorFlow takes to start its
    operations, and there is a pass for each domain: one pass for all starts no more than plain
    training, which Keras leaves to TensorFlow on a CPU.

    Args:
        model: The compiled model.
        net: The network that is trained.
        strategy: What merges the gradients.
        objective: What makes a loss of a domain's batch.
        domains: The number of domains.
        metrics: What `compile` was told to measure.
    """
    if model.run_eagerly or tf.distribute.has_strategy() or _has_accelerator():
        return False
    if domains > FEW or is_enough(model, net, strategy, objective):
        return False
    if any(loss_of(loss) is cross_entropy for loss in keras.tree.flatten(model.loss)):
        return False  # which nobody knows the classes of, and XLA does not look at labels
    optimizers = inner_optimizers(model.optimizer)
    rates = [optimizer._learning_rate for optimizer in optimizers]
    given = keras.tree.flatten([model.loss, metrics])
    parts = [model, model.optimizer, *optimizers, *rates, strategy, objective, *given]
    return all(map(is_known, parts)) and _is_small_and_plain(net)


def _has_accelerator() -> bool:
    """Whether there is a device for which Keras has a rule of its own."""
    return any(device.device_type != "CPU" for device in tf.config.list_physical_devices())


def _is_small_and_plain(net: keras.Model) -> bool:
    """Whether it is small, of known layers alone, on numbers in float32 of one shape."""
    layers = _layers(net)
    return (
        layers is not None
        and sum(int(np.prod(v.shape)) for v in net.variables) <= SMALL
        and all(is_known(getattr(layer, name, None)) for layer in layers for name in _GIVEN)
        and all(layer.compute_dtype == "float32" for layer in layers)
        and all(
            not x.sparse and x.dtype != "string" and None not in x.shape[1:]
            for x in keras.tree.flatten(net.inputs)
        )
    )


def _layers(net: keras.Model) -> list[keras.layers.Layer] | None:
    """The layers that a network is made of; None if it is made of anything else, too."""
    if isinstance(net, keras.Sequential) and net.built:
        net = net._functional
    if type(net) is not Functional:
        return None
    found: list[keras.layers.Layer] = []
    for operation in net.operations:
        inner = _layers(operation) if isinstance(operation, keras.Model) else [operation]
        if inner is None or not all(type(layer) in _LAYERS for layer in inner):
            return None
        found += inner
    return found
