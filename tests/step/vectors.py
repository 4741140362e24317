"""A small net that meets infinities and NaNs when told to, and what to train it on."""

import keras
import numpy as np
import tensorflow as tf

from dg_keras.objectives.get import BY_NAME as OBJECTIVES
from dg_keras.strategies.get import BY_NAME as STRATEGIES
from tests.never_silent.vectors import CLASSES, FEATURES, batch, compiled, surgeon

DOMAINS, SAMPLES, STEPS, BAD_STEP = ["a", "b"], 8, 3, 1
EAGER, GRAPH, XLA = {"run_eagerly": True}, {"jit_compile": False}, {"jit_compile": True}

EVERY = [
    *((strategy, "empirical_risk") for strategy in STRATEGIES),
    *(("agr_sum", objective) for objective in OBJECTIVES if objective != "empirical_risk"),
]
"""Every strategy, and every objective with one of them."""

LOSS, GRADIENT = np.nan, 1e6
"""What a sample begins with that makes a loss NaN, or the gradient of `Exploding` alone."""


@keras.saving.register_keras_serializable(package="tests")
class Exploding(keras.layers.Layer):
    """Passes vectors on; where one begins with a large number, its own gradient is NaN."""

    def build(self, shape):
        self.factor = self.add_weight(shape=(shape[-1],), initializer="ones", name="factor")
        self.seen = self.add_weight(shape=(), initializer="zeros", trainable=False, name="seen")

    def call(self, x):
        self.seen.assign_add(tf.cast(tf.reduce_mean(x), self.seen.dtype))
        return _passed(x, tf.convert_to_tensor(self.factor))


@tf.custom_gradient
def _passed(x, factor):
    explodes = tf.reduce_any(x[:, 0] > 100.0)

    def back(upstream):
        bad = tf.where(explodes, tf.constant(np.nan, x.dtype), tf.zeros([], x.dtype))
        return upstream, tf.reduce_sum(upstream * x, axis=0) + bad

    return x * factor, back


def made(strategy="agr_sum", objective="empirical_risk", how=EAGER, optimizer=None, **arguments):
    """A model whose every kind of state a step changes; with `mean`, one that takes one pass."""
    keras.utils.set_random_seed(0)
    # A bias before a normalization has a gradient of rounding alone, which Adam makes a step of.
    hidden = keras.layers.Dense(6, use_bias=False)
    layers = [keras.Input((FEATURES,)), Exploding(), hidden]
    if strategy != "mean":
        layers.append(keras.layers.BatchNormalization())
    layers += [keras.layers.Dropout(0.2), keras.layers.Dense(CLASSES)]
    net = keras.Sequential(layers)
    model = surgeon(net, strategy, objective, **{"domains": DOMAINS, "seed": 3, **arguments})
    return compiled(model, optimizer=optimizer or keras.optimizers.Adam(0.01), **how)


def stream(value=0.0, steps=STEPS):
    """Interleaved batches; in that of `BAD_STEP`, a sample of domain b begins with a value."""
    x, y = (np.stack(p) for p in zip(*(batch(SAMPLES, seed=s) for s in range(steps)), strict=True))
    if value:
        x[BAD_STEP, 3, 0] = value
    return tf.data.Dataset.from_tensor_slices((x, y))


def fit(model, data, **arguments):
    """Trains; returns the states before each step, the history, and the error that stopped it."""
    states, history, told = [], None, None
    callback = keras.callbacks.LambdaCallback(
        on_train_batch_begin=lambda step, logs: states.append(state(model))
    )
    try:
        fitted = model.fit(data, shuffle=False, verbose=0, callbacks=[callback], **arguments)
        history = fitted.history
    except ArithmeticError as error:
        told = error
    return states, history, told


def state(model):
    """A copy of all that a step may change, but for its number."""
    values = [*model.net.variables, *model.optimizer.variables]
    remembered = {**model.objective_state, **model.strategy_state}
    return [np.array(v) for v in values] + list(remembered.values())


def assert_same(first, second):
    """That two states are the same to the last digit."""
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
