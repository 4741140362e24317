"""What a network begins with is what building it with the seed gives."""

import random

import keras
import numpy as np
import pytest

from dg_keras import backbones
from dg_keras.benchmark.training.first_weights import FirstWeights


def pretrained():
    net = backbones.EfficientNetLite0(classes=3, image_size=32, weights="imagenet")
    return backbones.split(net, "block14_output")


def with_shortcut():
    """Its layers are made in another order than the network's list has them in."""
    x = keras.Input((4,))
    short = keras.layers.Dense(3)(x)
    long = keras.layers.Dense(3)(keras.layers.Dense(5)(x))
    return None, keras.Model(x, keras.layers.Add()([short, long]))


def in_a_row():
    layers = [keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dropout(0.5)]
    return None, keras.Sequential([*layers, keras.layers.Dense(2, bias_initializer="normal")])


@pytest.mark.parametrize(
    ("made", "most_built"), [(pretrained, 2), (in_a_row, 2), (with_shortcut, None)]
)
def test_they_are_those_of_a_network_that_is_built(made, most_built):
    built = []

    def build(seed):
        built.append(seed)
        random.seed(seed)
        return made()[1]

    seeds = [5, 5, 7, 11, 5, 2**31 - 1]
    front, net = made()
    layers = [layer for half in (front, net) if half for layer in half.layers]
    first_weights = FirstWeights(net, layers, build)

    drawn = [first_weights(seed) for seed in seeds]

    assert len(set(built)) == (most_built or len(set(seeds)))
    for seed, values in zip(seeds, drawn, strict=True):
        for value, variable in zip(values, build(seed).variables, strict=True):
            np.testing.assert_array_equal(value, variable.numpy())
    assert not all(map(np.array_equal, drawn[0], drawn[2]))
