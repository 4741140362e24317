"""A model that nobody has is no longer in memory, though its step was traced."""

import gc

import keras
import numpy as np
import pytest
import tensorflow as tf

from dg_keras import DomainGeneralizer
from dg_keras.common.forgotten_gradients import forgotten_gradients


def variables_in_memory():
    """The number of TensorFlow's variables that something still refers to."""
    gc.collect()
    return sum(
        isinstance(thing, tf.Tensor)
        and not tf.is_symbolic_tensor(thing)
        and thing.dtype == tf.resource
        for thing in gc.get_objects()
    )


@pytest.mark.parametrize("jit_compile", [False, True])
def test_models_of_one_network_leave_nothing_behind(jit_compile):
    rng = np.random.default_rng(0)
    domains = {name: (rng.random((4, 3), "float32"), np.array([0, 1] * 2)) for name in "ab"}
    net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    left = []
    for _ in range(2):
        model = DomainGeneralizer(net, "agr_sum")
        model.compile("sgd", loss, jit_compile=jit_compile)
        model.fit(domains, batch_size=2, steps_per_epoch=1, verbose=0)
        del model
        left.append(variables_in_memory())
    assert left[0] == left[1]


def test_gradients_of_custom_functions_inside_are_taken():
    @tf.custom_gradient
    def doubled(x):
        return 2 * x, lambda upstream: 5 * upstream

    @tf.function
    def gradient(x):
        with forgotten_gradients():
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = doubled(x)
            return tape.gradient(y, x)

    assert gradient(tf.constant(1.0)) == 5.0
