"""Networks whose training is not as the library thinks, and models of one's own."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import dg_keras
from tests.never_silent.vectors import (
    CLASSES,
    FEATURES,
    SAMPLES,
    N,
    assert_moved,
    assert_same_weights,
    batch,
    compiled,
    copies,
    in_one_pass_and_not,
    net,
    steps_on,
    surgeon,
)


class OwnStep(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(CLASSES)

    def call(self, x):
        return self.dense(x)

    def train_step(self, data):
        return {}


class OwnLoss(keras.Sequential):
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return 0.0


class OwnFunctional(keras.Model):
    def train_step(self, data):
        return super().train_step(data)


def functional():
    inputs = keras.Input((FEATURES,))
    return OwnFunctional(inputs, layers.Dense(CLASSES)(inputs))


@pytest.mark.parametrize(
    ("make", "method"),
    [
        (OwnStep, "train_step"),
        (lambda: OwnLoss([keras.Input((FEATURES,)), layers.Dense(CLASSES)]), "compute_loss"),
        (functional, "train_step"),
    ],
    ids=["subclass", "sequential", "functional"],
)
def test_a_net_that_trains_in_its_own_way(make, method):
    """A DomainGeneralizer takes the step; the net's own would never be called."""
    with pytest.raises(ValueError, match=rf"`net`.*{method}"):
        dg_keras.DomainGeneralizer(make())


@in_one_pass_and_not
@pytest.mark.parametrize("how", [{}, {"jit_compile": False}], ids=str)
def test_a_loss_of_the_inputs_sees_a_domains_own(strategy, how):
    class PunishesSize(dg_keras.DomainGeneralizer):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            data = super().compute_loss(x, y, y_pred, sample_weight, training)
            return data + tf.reduce_mean(tf.square(x)) * tf.reduce_mean(tf.square(y_pred))

    def loss_of(net, x, y):
        y_pred = net(x)
        data = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(y, y_pred)
        return data + tf.reduce_mean(tf.square(x)) * tf.reduce_mean(tf.square(y_pred))

    x, y = batch()
    x = x * np.tile([[1.0], [2.0], [3.0]], (SAMPLES // N, 1)).astype("float32")
    model = compiled(PunishesSize(net(), strategy, domains=N), **how)
    expected, gradients = [], []
    for i in range(N):
        with tf.GradientTape() as tape:
            loss = loss_of(model.net, x[i::N], y[i::N])
        expected.append(float(loss))
        gradients.append(tape.gradient(loss, model.net.trainable_variables))
    before = copies(model)
    history = steps_on(model, x, y)
    for i in range(N):
        np.testing.assert_allclose(history[f"loss/{i}"], expected[i], rtol=1e-5)
    merged = dg_keras.strategies.get(strategy)(gradients)
    assert_same_weights(
        [w - 0.1 * g.numpy() for w, g in zip(before, merged, strict=True)], model.get_weights()
    )


@in_one_pass_and_not
def test_a_frozen_net(strategy):
    frozen = net()
    frozen.trainable = False
    with pytest.raises(ValueError, match="no trainable"):
        steps_on(compiled(surgeon(frozen, strategy)), *batch())


class TestASaturatedHead:
    """Keras takes the loss of the logits that a softmax or sigmoid was made of."""

    def pieces(self, activation):
        x, y = batch()
        if activation == "softmax":
            return x, y, keras.losses.SparseCategoricalCrossentropy()
        return x, np.eye(CLASSES, dtype="float32")[y], keras.losses.BinaryCrossentropy()

    def net(self, activation, last):
        keras.utils.set_random_seed(0)
        scale = keras.initializers.RandomNormal(stddev=100.0)
        units = dict(kernel_initializer=scale)
        if last == "dense":
            head = [layers.Dense(CLASSES, activation=activation, **units)]
        else:
            head = [layers.Dense(CLASSES, **units), layers.Activation(activation)]
        return keras.Sequential([keras.Input((FEATURES,)), *head])

    @pytest.mark.parametrize(
        ("strategy", "how"),
        [("mean", {}), ("mean", {"jit_compile": False}), ("agr_sum", {"jit_compile": False})],
        ids=str,
    )
    @pytest.mark.parametrize(
        ("activation", "last"),
        [("softmax", "dense"), ("softmax", "activation"), ("sigmoid", "dense")],
    )
    def test_trains_as_in_plain_keras(self, activation, last, how, strategy):
        x, y, loss = self.pieces(activation)
        plain = compiled(self.net(activation, last), loss, **how)
        before = copies(plain)
        expected = steps_on(plain, x, y)
        assert expected["loss"][0] > 20  # where probabilities would be clipped
        model = compiled(surgeon(self.net(activation, last), strategy), loss, **how)
        history = steps_on(model, x, y)
        np.testing.assert_allclose(history["loss"], expected["loss"], rtol=1e-5)
        if strategy == "mean":
            assert_moved(before, plain)
            # Of weights of 100, single precision has no more digits.
            assert_same_weights(model.net, plain, tolerance=2e-5)


class TestOutputsWithNames:
    """Metrics and losses are told by them, as in plain Keras."""

    def net(self, kind):
        keras.utils.set_random_seed(0)
        inputs = keras.Input((FEATURES,))
        outputs = {name: layers.Dense(2, name=name)(inputs) for name in ("p", "q")}
        return keras.Model(inputs, outputs if kind is dict else list(outputs.values()))

    def targets(self, kind):
        x, _ = batch()
        y = {"p": x[:, :2], "q": x[:, 2:4] ** 2}
        return x, y if kind is dict else list(y.values())

    @pytest.mark.parametrize(
        ("kind", "how"), [(dict, {}), (list, {}), (list, {"jit_compile": False})], ids=str
    )
    def test_as_in_plain_keras(self, kind, how):
        x, y = self.targets(kind)
        told = dict(loss={"p": "mse", "q": "mae"}, metrics={"q": ["mse"]}, **how)
        plain, model = compiled(self.net(kind), **told), self.net(kind)
        model = compiled(surgeon(model, "mean"), **told)
        expected = steps_on(plain, x, y, steps=2)
        assert any("q" in name and "mse" in name for name in expected)
        history = steps_on(model, x, y, steps=2)
        assert {n for n in history if not n.startswith("loss/")} == set(expected)
        for name, values in expected.items():
            np.testing.assert_allclose(history[name], values, rtol=1e-5)
        assert_same_weights(model.net, plain)
        logs = model.evaluate(*self.targets(kind), verbose=0, return_dict=True)
        assert set(logs) == set(expected)

    @pytest.mark.parametrize("kind", [dict, list])
    def test_with_surgery(self, kind):
        model = compiled(surgeon(self.net(kind)), {"p": "mse", "q": "mae"}, metrics={"q": ["mse"]})
        history = steps_on(model, *self.targets(kind))
        plain = compiled(self.net(kind), {"p": "mse", "q": "mae"}, metrics={"q": ["mse"]})
        assert {n for n in history if not n.startswith("loss/")} == set(
            steps_on(plain, *self.targets(kind))
        )
