"""A small net in Keras, and the same in float64 in NumPy, for the objectives' updates."""

import keras
import numpy as np
import tensorflow as tf

import dg_keras
from tests import nets

N, B, INPUTS, HIDDEN, CLASSES = 3, 6, 5, 4, 3
SHAPES = [(INPUTS, HIDDEN), (HIDDEN,), (HIDDEN, CLASSES), (CLASSES,)]
RATE = 0.1


def network(seed=0, dropout=0.0, batch_norm=False):
    keras.utils.set_random_seed(seed)
    layers = [keras.layers.Dense(HIDDEN, "tanh", bias_initializer="random_normal")]
    layers += [keras.layers.BatchNormalization()] if batch_norm else []
    layers += [keras.layers.Dropout(dropout)] if dropout else []
    return keras.Sequential([keras.Input((INPUTS,)), *layers, keras.layers.Dense(CLASSES)])


def batches(steps, seed=0):
    """Interleaved batches: `[steps, B * N, ...]`, sample i of domain i modulo N."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(steps, B * N, INPUTS)).astype("float32")
    y = rng.integers(CLASSES, size=(steps, B * N))
    weight = rng.uniform(0.5, 2.0, size=(steps, B * N)).astype("float32")
    return x, y, weight


def trained(objective, data, strategy="mean", optimizer=None, net=None, **how):
    """A model after a step on each batch, one call of `fit`."""
    model = dg_keras.DomainGeneralizer(
        network() if net is None else net, strategy, objective, domains=N, seed=7
    )
    nets.compiled(model, optimizer or keras.optimizers.SGD(RATE), **how)
    parts = tuple(part.reshape(-1, *part.shape[2:]) for part in data)
    stream = tf.data.Dataset.from_tensor_slices(parts).batch(B * N, drop_remainder=True)
    model.fit(stream, shuffle=False, verbose=0)
    return model


class Reference:
    """The same net in float64; gradients by central differences of the losses."""

    def __init__(self):
        self.weights = np.concatenate([w.ravel() for w in network().get_weights()]).astype(float)

    def log_probabilities(self, weights, x, scale=1.0):
        parts = np.split(weights, np.cumsum([np.prod(shape) for shape in SHAPES])[:-1])
        w1, b1, w2, b2 = (p.reshape(shape) for p, shape in zip(parts, SHAPES, strict=True))
        logits = scale * (np.tanh(x @ w1 + b1) @ w2 + b2)
        return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))

    def risk(self, weights, x, y, sample_weight, scale=1.0):
        log_p = self.log_probabilities(weights, x.astype(float), scale)[np.arange(len(y)), y]
        return -np.mean(sample_weight * log_p)

    def gradient(self, loss, at):
        step = 1e-5
        return np.array(
            [(loss(at + step * e) - loss(at - step * e)) / (2 * step) for e in np.eye(at.size)]
        )


def domain(batch, i):
    return tuple(part[i::N] for part in batch)


def assert_weights(model, expected, tolerance=1e-5):
    actual = np.concatenate([w.ravel() for w in model.net.get_weights()])
    moved = np.abs(expected - Reference().weights).max()
    assert moved > 100 * tolerance
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance)


def steps_of(data):
    return zip(*data, strict=True)
