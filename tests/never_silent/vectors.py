"""Small nets on vectors, and what to train them on."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import dg_keras

N, FEATURES, CLASSES = 3, 5, 4
SAMPLES = 12  # divides among the domains

TOLD = (ValueError, tf.errors.InvalidArgumentError)
"""What a fault in the data may be, which a compiled step meets in the middle of a graph."""

how_it_runs = pytest.mark.parametrize(
    "how", [{"run_eagerly": True}, {"jit_compile": False}, {"jit_compile": True}], ids=str
)
in_one_pass_and_not = pytest.mark.parametrize("strategy", ["mean", "agr_sum"])


def batch(samples=SAMPLES, seed=0):
    """Vectors and their labels, whose sample i is of domain i modulo N."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(samples, FEATURES)).astype("float32")
    return x, rng.integers(CLASSES, size=samples).astype("int32")


def domains(samples=8, seed=0):
    """Three domains of vectors, of different sizes."""
    return {name: batch(samples + i, seed + i) for i, name in enumerate("abc")}


def net(seed=0, activation=None, classes=CLASSES, **dense):
    keras.utils.set_random_seed(seed)
    layers = [keras.layers.Dense(classes, activation=activation, **dense)]
    return keras.Sequential([keras.Input((FEATURES,)), *layers])


def two_inputs(seed=0, outputs=1):
    keras.utils.set_random_seed(seed)
    inputs = [keras.Input((FEATURES,), name=name) for name in ("left", "right")]
    joined = keras.layers.Concatenate()(inputs)
    heads = [keras.layers.Dense(CLASSES)(joined) for _ in range(outputs)]
    return keras.Model(inputs, heads if outputs > 1 else heads[0])


def compiled(model, loss=None, optimizer=None, **arguments):
    """Compiles a model, to run eagerly if nothing else is said."""
    if "jit_compile" not in arguments:
        arguments.setdefault("run_eagerly", True)
    model.compile(
        optimizer or keras.optimizers.SGD(0.1),
        loss=loss or keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        **arguments,
    )
    return model


def surgeon(net, strategy="agr_sum", objective="empirical_risk", domains=N, **arguments):
    """A DomainGeneralizer of a net, not yet compiled."""
    return dg_keras.DomainGeneralizer(net, strategy, objective, domains=domains, **arguments)


def steps_on(model, x, y, steps=1, **arguments):
    """The history of so many steps on one interleaved batch, an epoch each."""
    samples = len(keras.tree.flatten(y)[0])
    return model.fit(
        x, y, batch_size=samples, epochs=steps, shuffle=False, verbose=0, **arguments
    ).history


def copies(model):
    return [w.copy() for w in model.get_weights()]


def assert_same_weights(first, second, tolerance=1e-6):
    """That two lists of weights, or models, have the same."""
    first, second = (w if isinstance(w, list) else w.get_weights() for w in (first, second))
    for a, b in zip(first, second, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance)


def assert_moved(before, model, by=1e-4):
    pairs = zip(before, model.get_weights(), strict=True)
    assert max(np.abs(a - b).max() for a, b in pairs) > by
