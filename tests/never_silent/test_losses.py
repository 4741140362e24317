"""The loss that is logged and minimised: masks, reductions, weights, added losses."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import dg_keras
from dg_keras import objectives
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
    steps_on,
    surgeon,
)

STEPS = 6
VALID = {
    "even": np.repeat([2, 5, 3, 5], N),
    "uneven": np.array([1, 2, 6, 1, 3, 6, 2, 3, 6, 1, 1, 5]),
}
"""How many steps of each sample are no padding: as many in every domain, or ever more."""


class TestPadding:
    """Keras' losses and metrics leave it out."""

    def data(self, kind, valid="uneven"):
        rng = np.random.default_rng(0)
        kept = np.arange(STEPS) < VALID[valid][:, None]
        y = rng.integers(CLASSES, size=(SAMPLES, STEPS))
        if kind == "embedding":
            return rng.integers(1, 9, size=kept.shape) * kept, y, kept
        return rng.normal(size=(*kept.shape, 3)).astype("float32") * kept[..., None], y, kept

    def net(self, kind):
        keras.utils.set_random_seed(0)
        if kind == "embedding":
            start = [keras.Input((STEPS,), dtype="int32"), layers.Embedding(9, 3, mask_zero=True)]
        else:
            start = [keras.Input((STEPS, 3)), layers.Masking()]
        return keras.Sequential([*start, layers.Dense(CLASSES)])

    @pytest.mark.parametrize(
        ("kind", "how"),
        [("embedding", {}), ("masking", {}), ("embedding", {"jit_compile": False})],
        ids=str,
    )
    def test_the_mean_is_plain_keras(self, kind, how):
        x, y, _ = self.data(kind, "even")
        plain = compiled(self.net(kind), metrics=["accuracy"], **how)
        model = compiled(surgeon(self.net(kind), "mean"), metrics=["accuracy"], **how)
        before = copies(plain)
        expected = steps_on(plain, x, y, steps=3)
        history = steps_on(model, x, y, steps=3)
        assert_moved(before, plain, by=1e-3)
        assert_same_weights(model.net, plain)
        for name, values in expected.items():
            np.testing.assert_allclose(history[name], values, rtol=1e-5)

    @pytest.mark.parametrize("kind", ["embedding", "masking"])
    def test_the_mean_counts_domains_alike_however_much_they_are_padded(self, kind):
        """One pass and a pass each are the same mean of the domains' means."""

        class Average(dg_keras.strategies.Mean):
            averages = False

        x, y, _ = self.data(kind, "uneven")
        one_pass, each = (
            compiled(surgeon(self.net(kind), strategy), metrics=["accuracy"])
            for strategy in ("mean", Average())
        )
        before = copies(one_pass)
        histories = [steps_on(model, x, y, steps=3) for model in (one_pass, each)]
        assert_moved(before, one_pass, by=1e-3)
        assert_same_weights(one_pass, each)
        for name, values in histories[0].items():
            np.testing.assert_allclose(histories[1][name], values, rtol=1e-5)

    def log_probabilities(self, logits):
        logits = logits.astype("float64")
        return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))

    @pytest.mark.parametrize("kind", ["embedding", "masking"])
    def test_surgery_counts_without_it(self, kind):
        x, y, kept = self.data(kind)
        model = compiled(surgeon(self.net(kind)), metrics=["accuracy"])
        logits = model.net.predict(x, verbose=0)
        history = steps_on(model, x, y)
        expected = (logits.argmax(axis=-1) == y)[kept].mean()
        np.testing.assert_allclose(history["accuracy"], expected, rtol=1e-5)
        losses = -np.take_along_axis(self.log_probabilities(logits), y[..., None], axis=-1)[..., 0]
        for i in range(N):
            own = losses[i::N][kept[i::N]].mean()
            np.testing.assert_allclose(history[f"loss/{i}"], own, rtol=1e-5)

    @pytest.mark.parametrize("strategy", ["mean", "agr_sum"])
    def test_irm_estimates_without_it(self, strategy):
        x, y, kept = self.data("embedding")
        # Lambda is 1 before the change.
        model = surgeon(self.net("embedding"), strategy, objectives.IRM(anneal_steps=5))
        compiled(model, optimizer=keras.optimizers.SGD(0.0))
        model.net.set_weights([10 * w for w in model.net.get_weights()])
        logits = model.net.predict(x, verbose=0)
        log_p = self.log_probabilities(logits)
        losses = -np.take_along_axis(log_p, y[..., None], axis=-1)[..., 0]
        # d/ds of -log softmax(s z)_y at 1: the mean of z under the softmax, less z_y.
        own = np.take_along_axis(logits, y[..., None], axis=-1)[..., 0]
        derivatives = (np.exp(log_p) * logits).sum(axis=-1) - own
        history = steps_on(model, x, y)
        for i in range(N):
            of_domain, valid = derivatives[i::N], kept[i::N]
            even, odd = (of_domain[s::2][valid[s::2]].mean() for s in (0, 1))
            expected = losses[i::N][valid].mean() + even * odd
            assert abs(even * odd) > 1e-3
            np.testing.assert_allclose(history[f"loss/{i}"], expected, rtol=1e-4)


class TestAddedLosses:
    """What layers add for a domain's data is of that domain's loss, whatever the strategy."""

    class Sized(layers.Layer):
        def call(self, x):
            self.add_loss(0.01 * tf.reduce_sum(tf.square(x)))
            return x

    def q(self, strategy, kind):
        keras.utils.set_random_seed(0)
        regularizer = keras.regularizers.L2(0.5) if kind == "activity_regularizer" else None
        stack = [self.Sized()] if kind == "add_loss" else []
        stack.append(layers.Dense(CLASSES, activity_regularizer=regularizer))
        net = keras.Sequential([keras.Input((FEATURES,)), *stack])
        model = surgeon(net, strategy, objectives.GroupDRO(eta=0.1))
        compiled(model, optimizer=keras.optimizers.SGD(0.0))
        x, y = batch()
        x *= np.tile([[1.0], [2.0], [3.0]], (SAMPLES // N, 1)).astype("float32")
        steps_on(model, x, y, steps=3)
        return model.objective_state["q"]

    @pytest.mark.parametrize("kind", ["add_loss", "activity_regularizer"])
    def test_weigh_the_domains_alike(self, kind):
        q = self.q("mean", kind)
        np.testing.assert_allclose(q, self.q("agr_sum", kind), rtol=1e-5)
        assert np.ptp(q) > 0.02


@pytest.mark.parametrize("strategy", ["mean", "agr_sum"])
def test_group_dro_logs_what_it_minimises(strategy):
    x, y = batch()
    x *= np.tile([[1.0], [2.0], [6.0]], (SAMPLES // N, 1)).astype("float32")
    keras.utils.set_random_seed(0)
    net = keras.Sequential([keras.Input((FEATURES,)), layers.Dense(CLASSES)])
    model = compiled(surgeon(net, strategy, objectives.GroupDRO(eta=1.0)))
    logits = net.predict(x, verbose=0)
    history = steps_on(model, x, y)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    own = np.array([float(loss(y[i::N], logits[i::N])) for i in range(N)])
    q = np.exp(own) / np.exp(own).sum()
    assert abs(q @ own - own.mean()) > 0.1
    np.testing.assert_allclose(history["loss"], q @ own, rtol=1e-5)
    np.testing.assert_allclose([history[f"loss/{i}"][0] for i in range(N)], own, rtol=1e-5)


class TestReductions:
    def model(self, strategy, reduction):
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=reduction)
        keras.utils.set_random_seed(0)
        net = keras.Sequential([keras.Input((FEATURES,)), layers.Dense(CLASSES)])
        return compiled(surgeon(net, strategy), loss)

    @pytest.mark.parametrize("strategy", ["mean", "agr_sum", "agr_rand", "pcgrad"])
    @pytest.mark.parametrize("reduction", ["sum", "none"])
    def test_that_are_no_mean(self, strategy, reduction):
        with pytest.raises(ValueError, match=r"`loss`.*reduction"):
            steps_on(self.model(strategy, reduction), *batch())

    def test_that_are_no_mean_of_one_output_among_two(self):
        inputs = keras.Input((FEATURES,))
        net = keras.Model(inputs, [layers.Dense(1)(inputs), layers.Dense(1)(inputs)])
        losses = [keras.losses.MeanSquaredError(), keras.losses.MeanSquaredError(reduction="sum")]
        x, _ = batch()
        with pytest.raises(ValueError, match=r"`loss`.*reduction"):
            steps_on(compiled(surgeon(net), losses), x, [x[:, :1], x[:, 1:2]])

    def test_by_the_weights_of_samples_is_not_of_the_pooled_batch(self):
        weight = np.linspace(0.1, 2.0, SAMPLES).astype("float32")
        model = self.model("mean", "mean_with_sample_weight")
        with pytest.raises(ValueError, match=r"`loss`.*reduction"):
            steps_on(model, *batch(), sample_weight=weight)

    def test_by_the_weights_of_samples_is_of_each_domain(self):
        x, y = batch()
        weight = np.linspace(0.1, 2.0, SAMPLES).astype("float32")
        model = self.model("agr_sum", "mean_with_sample_weight")
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")
        before, gradients = copies(model), []
        for i in range(N):
            with tf.GradientTape() as tape:
                losses = loss(y[i::N], model.net(x[i::N]))
                value = tf.reduce_sum(losses * weight[i::N]) / weight[i::N].sum()
            gradients.append(tape.gradient(value, model.net.trainable_variables))
        merged = dg_keras.strategies.AgrSum()(gradients)
        steps_on(model, x, y, sample_weight=weight)
        expected = [w - 0.1 * g.numpy() for w, g in zip(before, merged, strict=True)]
        assert_same_weights(expected, model.get_weights())
