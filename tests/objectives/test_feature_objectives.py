"""Objectives that look at features: their updates against float64 in NumPy, through `fit`."""

import dataclasses
import re
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

import dg_keras
from dg_keras import objectives
from tests import nets
from tests.objectives.reference import (
    CLASSES,
    HIDDEN,
    INPUTS,
    RATE,
    SHAPES,
    N,
    Reference,
    assert_weights,
    batches,
    domain,
    network,
    steps_of,
    trained,
)

PAIRS = [(0, 1), (0, 2), (1, 2)]


class WithFeatures(Reference):
    """The net in float64, with what its last layer takes in."""

    def parts(self, weights):
        parts = np.split(weights, np.cumsum([np.prod(shape) for shape in SHAPES])[:-1])
        return [part.reshape(shape) for part, shape in zip(parts, SHAPES, strict=True)]

    def features(self, weights, x):
        kernel, bias, *_ = self.parts(weights)
        return np.tanh(x.astype(float) @ kernel + bias)

    def head(self, weights, features):
        *_, kernel, bias = self.parts(weights)
        return features @ kernel + bias


def of_coral(reference, weights, batch):
    seen = [reference.features(weights, domain(batch, i)[0]) for i in range(N)]
    distances = [
        np.mean((seen[i].mean(0) - seen[j].mean(0)) ** 2)
        + np.mean((np.cov(seen[i].T) - np.cov(seen[j].T)) ** 2)
        for i, j in PAIRS
    ]
    return 5.0 * np.mean(distances)


def of_mmd(reference, weights, batch):
    seen = [reference.features(weights, domain(batch, i)[0]) for i in range(N)]

    def kernel(first, second):
        distances = ((first[:, None] - second[None]) ** 2).sum(-1)
        return sum(np.exp(-w * distances) for w in 10.0 ** np.arange(-3, 4)).mean()

    found = [
        kernel(seen[i], seen[i]) + kernel(seen[j], seen[j]) - 2 * kernel(seen[i], seen[j])
        for i, j in PAIRS
    ]
    return 0.5 * np.mean(found)


def of_fishr(reference, weights, batch):
    variances = []
    for i in range(N):
        x, y, sample_weight = domain(batch, i)
        features = reference.features(weights, x)
        logits = reference.head(weights, features)
        p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        by_logits = sample_weight[:, None] * (p - np.eye(CLASSES)[y])
        # A gradient per sample by kernel and bias, and the variance of each component.
        by_kernel = features[:, :, None] * by_logits[:, None, :]
        of_samples = np.concatenate([by_kernel.reshape(len(y), -1), by_logits], axis=1)
        variances.append(of_samples.var(axis=0))
    return 20.0 * np.mean((np.stack(variances) - np.mean(variances, axis=0)) ** 2)


PENALTIES = {
    "coral": (objectives.CORAL(weight=5.0), of_coral),
    "mmd": (objectives.MMD(weight=0.5), of_mmd),
    "fishr": (objectives.Fishr(penalty_weight=20.0, anneal_steps=0), of_fishr),
}


@pytest.mark.parametrize("name", PENALTIES)
def test_the_update_is_that_of_the_losses_and_the_penalty(name):
    objective, penalty = PENALTIES[name]
    data, reference = batches(3), WithFeatures()

    def loss(weights, batch):
        risks = [reference.risk(weights, *domain(batch, i)) for i in range(N)]
        return np.mean(risks) + penalty(reference, weights, batch)

    weights = reference.weights
    for batch in steps_of(data):
        weights = weights - RATE * reference.gradient(lambda w, b=batch: loss(w, b), weights)
    assert_weights(trained(objective, data), weights, tolerance=2e-5)
    # That it is the penalty, and not the losses alone.
    plain = trained("empirical_risk", data)
    assert np.abs(weights - flat(plain)).max() > 1e-3

    (logged,) = trained(objective, [part[:1] for part in data]).history.history["loss"]
    assert logged == pytest.approx(loss(reference.weights, next(steps_of(data))), rel=1e-4)


def flat(model):
    return np.concatenate([weight.ravel() for weight in model.net.get_weights()])


@pytest.mark.parametrize("features", [None, "flat", "before"])
def test_fishr_takes_features_that_are_flattened_for_the_last_layer(features):
    def net():
        layers = [keras.layers.Reshape((2, -1), name="before"), keras.layers.Flatten(name="flat")]
        return keras.Sequential([keras.Input((4,)), *layers, keras.layers.Dense(3)])

    x, y = np.random.default_rng(0).normal(size=(12, 4)), np.arange(12) % 3
    weights = []
    for objective in (objectives.Fishr(10.0, 0, features=features), "empirical_risk"):
        keras.utils.set_random_seed(0)
        model = dg_keras.DomainGeneralizer(net(), "mean", objective, domains=3)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.1), loss, run_eagerly=True)
        model.fit(x, y, batch_size=12, shuffle=False, verbose=0)
        weights.append(model.net.get_weights()[0])
    assert np.abs(weights[0] - weights[1]).max() > 1e-3


def test_fishr_begins_late_and_the_optimizer_anew():
    data = batches(2)
    late, never = (
        trained(objectives.Fishr(penalty_weight, 2), data, optimizer=keras.optimizers.Adam(0.01))
        for penalty_weight in (1000.0, 0.0)
    )
    assert nets.largest_difference(late, never) == 0
    data = batches(3)
    model = trained(objectives.Fishr(1.0, 2), data, optimizer=keras.optimizers.Adam(0.01))
    assert int(model.optimizer.iterations) == 1


def test_rsc_is_algorithm_1():
    data = batches(2)
    model = trained(objectives.RSC(feature_share=0.3, batch_share=0.5), data)
    reference = WithFeatures()

    def masks(weights, batch):
        """What each domain's features are multiplied with."""
        found = []
        for i in range(N):
            x, y, _ = domain(batch, i)
            features = reference.features(weights, x)
            *_, kernel, _ = reference.parts(weights)
            slopes = kernel.T[y]
            kept = (slopes < np.percentile(slopes, 70, axis=1)[:, None]).astype(float)

            def probability(features, y=y):
                logits = reference.head(weights, features)
                of_all = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
                return of_all[np.arange(len(y)), y]

            lost = probability(features) - probability(features * kept)
            is_whole = lost < np.percentile(lost, 50)
            found.append(np.where(is_whole[:, None], 1.0, kept))
        return found

    def loss(weights, batch, of_domains):
        total = 0.0
        for i, kept in enumerate(of_domains):
            x, y, sample_weight = domain(batch, i)
            logits = reference.head(weights, kept * reference.features(weights, x))
            log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
            total -= np.mean(sample_weight * log_p[np.arange(len(y)), y]) / N
        return total

    weights = reference.weights
    for batch in steps_of(data):
        kept = masks(weights, batch)
        assert 0.05 < np.mean(np.concatenate(kept) == 0) < 0.5
        weights = weights - RATE * reference.gradient(
            lambda w, b=batch, k=kept: loss(w, b, k), weights
        )
    assert_weights(model, weights)


@pytest.mark.slow
def test_rsc_takes_labels_as_vectors_and_features_that_are_maps():
    x = np.random.default_rng(0).normal(size=(12, 6, 6, 2)).astype("float32")
    y = np.arange(12) % 3

    def gradient_step(labels, loss):
        keras.utils.set_random_seed(0)
        layers = [keras.Input((6, 6, 2)), keras.layers.Conv2D(4, 3, name="maps")]
        layers += [keras.layers.Flatten(), keras.layers.Dense(3)]
        net = keras.Sequential(layers)
        objective = objectives.RSC(features="maps")
        model = dg_keras.DomainGeneralizer(net, "agr_sum", objective, domains=3)
        model.compile(keras.optimizers.SGD(0.1), loss)
        model.train_on_batch(x, labels)
        return net

    sparse = gradient_step(y, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    vectors = gradient_step(
        keras.utils.to_categorical(y), keras.losses.CategoricalCrossentropy(from_logits=True)
    )
    assert nets.largest_difference(sparse, vectors) < 1e-6


@keras.saving.register_keras_serializable(package="tests")
@dataclasses.dataclass(frozen=True)
class Nothing(objectives.FeatureObjective):
    """Sees all, and does nothing."""


@keras.saving.register_keras_serializable(package="tests")
@dataclasses.dataclass(frozen=True)
class MeanFeature(objectives.FeatureObjective):
    """A penalty that is a mean over domains: the same as in each domain's loss."""

    def penalty(self, views, risk, step):
        return tf.add_n([tf.reduce_mean(tf.square(view.features)) for view in views]) / len(views)


def with_added_losses(activity):
    """A net whose layers add to the loss: dropout, a regularizer of weights, one of activity."""
    keras.utils.set_random_seed(0)
    added = [keras.layers.ActivityRegularization(l2=activity)] if activity else []
    return keras.Sequential(
        [
            keras.Input((INPUTS,)),
            keras.layers.Dense(HIDDEN, "tanh", kernel_regularizer=keras.regularizers.L2(0.1)),
            *added,
            keras.layers.Dropout(0.3),
            keras.layers.Dense(CLASSES, activity_regularizer=keras.regularizers.L2(0.01)),
        ]
    )


@pytest.mark.parametrize("strategy", ["agr_sum", "pcgrad"])
def test_without_a_penalty_it_is_empirical_risk(strategy):
    data = batches(3)
    plain, looked = (
        trained(objective, data, strategy, net=with_added_losses(activity=0.5))
        for objective in ("empirical_risk", Nothing())
    )
    assert nets.largest_difference(plain, looked) < 1e-7
    assert looked.history.history["loss"] == pytest.approx(plain.history.history["loss"], rel=1e-6)


@pytest.mark.parametrize("strategy", ["agr_sum", "pcgrad"])
def test_a_penalty_is_in_each_domain_s_gradient_with_its_own_part(strategy):
    """A mean of squares over samples is what an activity regularizer adds to a domain's loss."""
    data = batches(3)
    net = with_added_losses(activity=0)
    objective = MeanFeature(features=net.layers[0].name)
    looked = trained(objective, data, strategy, net=net)
    # Keras divides by the samples, not by the features.
    expected = trained("empirical_risk", data, strategy, net=with_added_losses(1 / HIDDEN))
    assert nets.largest_difference(expected, looked) < 1e-6


def test_in_mixed_precision_it_is_the_same_step_but_for_rounding():
    def step(policy):
        keras.utils.set_random_seed(0)
        layers = [keras.Input((INPUTS,)), keras.layers.Dense(HIDDEN, "tanh", dtype=policy)]
        net = keras.Sequential([*layers, keras.layers.Dense(CLASSES, dtype=policy)])
        before = net.get_weights()
        optimizer = keras.optimizers.SGD(RATE)
        if policy != "float32":  # at a scale at which so large a penalty does not overflow
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer, initial_scale=64)
        trained(objectives.CORAL(weight=50.0), batches(1), "agr_sum", optimizer, net)
        return np.concatenate(
            [(a - b).ravel() for a, b in zip(net.get_weights(), before, strict=True)]
        )

    wide, narrow = step("float32"), step("mixed_float16")
    assert np.linalg.norm(wide - narrow) < 0.01 * np.linalg.norm(wide)


def test_an_overflow_of_the_penalty_halves_the_scale_and_moves_nothing():
    net = keras.Sequential(
        [
            keras.Input((INPUTS,)),
            keras.layers.Dense(HIDDEN, dtype="mixed_float16"),
            keras.layers.Dense(CLASSES, dtype="mixed_float16"),
        ]
    )
    before = net.get_weights()
    model = trained(objectives.CORAL(weight=1e6), batches(1), "agr_sum", net=net)
    for weight, start in zip(net.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, start)
    assert float(model.optimizer.dynamic_scale) == model.optimizer.initial_scale / 2


def test_a_penalty_that_is_nan_stops_training():
    @dataclasses.dataclass(frozen=True)
    class Broken(objectives.FeatureObjective):
        def penalty(self, views, risk, step):
            return tf.reduce_sum(views[0].features) * float("nan")

    with pytest.raises(dg_keras.NonfiniteError, match=r"gradient.* at step 0"):
        trained(Broken(), batches(1), "agr_sum")


def test_several_inputs_and_a_nested_network():
    def net():
        keras.utils.set_random_seed(0)
        body = keras.Sequential([keras.Input((INPUTS,)), keras.layers.Dense(HIDDEN, "tanh")])
        one, two = (keras.Input((INPUTS,), name=name) for name in ("one", "two"))
        joined = keras.layers.Concatenate(name="joined")([body(one), body(two)])
        return keras.Model({"one": one, "two": two}, keras.layers.Dense(CLASSES)(joined))

    x, y, _ = batches(1)
    inputs = {"one": x[0], "two": 1 - x[0]}
    models = [
        nets.compiled(dg_keras.DomainGeneralizer(net(), "agr_sum", objective, domains=N), "sgd")
        for objective in ("empirical_risk", Nothing(), Nothing(features="joined"))
    ]
    for model in models:
        model.train_on_batch(inputs, y[0])
    assert nets.largest_difference(models[0], models[1]) < 1e-7
    assert nets.largest_difference(models[0], models[2]) < 1e-7


@keras.saving.register_keras_serializable(package="tests")
@dataclasses.dataclass(frozen=True)
class SameFeatures(objectives.FeatureObjective):
    """Changes features to themselves, by a tensor of its own."""

    def changed(self, features, batch, head, step):
        head(features * 2.0)
        return features * 1.0


def test_padding_is_padding_behind_features_that_were_changed():
    rng = np.random.default_rng(0)
    x, y = rng.integers(4, size=(12, 5)), rng.integers(3, size=(12, 5))

    def net():
        keras.utils.set_random_seed(0)
        layers = [keras.Input((5, 2)), keras.layers.Masking(), keras.layers.Dense(4, "tanh")]
        return keras.Sequential([*layers, keras.layers.Dense(3)])

    inputs = np.where(x[..., None] == 0, 0.0, rng.normal(size=(12, 5, 2)))
    models = [
        nets.compiled(dg_keras.DomainGeneralizer(net(), "agr_sum", objective, domains=N), "sgd")
        for objective in ("empirical_risk", SameFeatures())
    ]
    losses = [model.train_on_batch(inputs, y)[0] for model in models]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    assert nets.largest_difference(*models) < 1e-7


def test_a_head_that_is_tried_leaves_no_trace():
    def states(objective):
        keras.utils.set_random_seed(0)
        layers = [keras.Input((INPUTS,)), keras.layers.Dense(HIDDEN, name="features")]
        layers += [keras.layers.BatchNormalization(), keras.layers.Dropout(0.5)]
        net = keras.Sequential([*layers, keras.layers.Dense(CLASSES)])
        trained(objective, batches(2), "agr_sum", keras.optimizers.SGD(0.0), net)
        return [net.layers[1].moving_mean.numpy(), net.layers[2].seed_generator.state.numpy()]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of BatchNormalization
        plain, looked = states("empirical_risk"), states(SameFeatures(features="features"))
    for one, other in zip(plain, looked, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


def test_the_risk_of_a_view_is_of_the_data_alone():
    told = []

    @dataclasses.dataclass(frozen=True)
    class Telling(objectives.FeatureObjective):
        def penalty(self, views, risk, step):
            told.append([float(risk(view.batch, view.y_pred)) for view in views])

    model = trained(Telling(), batches(1), "agr_sum", net=with_added_losses(activity=50.0))
    assert told[0][0] < 5 < model.history.history["loss/0"][0]


def residual():
    inputs = keras.Input((INPUTS,))
    inside = keras.layers.Dense(INPUTS, name="inside")(inputs)
    added = keras.layers.Add(name="added")([inputs, inside])
    return keras.Model(inputs, keras.layers.Dense(CLASSES)(added), name="net")


def two_heads():
    inputs = keras.Input((INPUTS,))
    heads = [keras.layers.Dense(CLASSES)(inputs) for _ in range(2)]
    return keras.Model(inputs, keras.layers.Add()(heads), name="net")


def shared():
    inputs = keras.Input((INPUTS,))
    layer = keras.layers.Dense(INPUTS, name="twice")
    x = keras.layers.Activation("tanh", name="between")(layer(inputs))
    return keras.Model(inputs, keras.layers.Dense(CLASSES)(layer(x)), name="net")


def in_a_dict():
    inputs = keras.Input((INPUTS,))
    x = keras.layers.Dense(HIDDEN)(inputs)
    return keras.Model(inputs, {"kind": keras.layers.Dense(CLASSES)(x)})


class Scaled(keras.Model):
    def call(self, x):
        return 2 * super().call(x)


def scaled():
    inputs = keras.Input((INPUTS,))
    return Scaled(inputs, keras.layers.Dense(CLASSES)(keras.layers.Dense(HIDDEN)(inputs)))


def dense(*layers):
    """A net that ends with these layers."""
    return lambda: keras.Sequential(
        [keras.Input((INPUTS,)), keras.layers.Dense(HIDDEN, name="features"), *layers], name="net"
    )


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(CLASSES)
        self.build((None, INPUTS))

    def build(self, shape):
        self.dense.build(shape)
        self.built = True

    def call(self, x):
        return self.dense(x)


class TestBadInput:
    @pytest.mark.parametrize(
        ("objective", "net", "message"),
        [
            (
                objectives.CORAL(features="insight"),
                residual,
                "`features` must be the name of a layer of 'net', such as inside. Received: "
                "features='insight'",
            ),
            (
                objectives.CORAL(features="inside"),
                residual,
                "`features` must be one that all paths pass, but a path goes around it, as around "
                "any layer inside a residual block, or behind an Embedding with a mask, which is a "
                "path of its own; take the end of a block. Received: features='inside'",
            ),
            (
                objectives.CORAL(),
                two_heads,
                "`features` must name a layer of 'net', where several layers are the last with "
                "weights. Received: features=None",
            ),
            (
                objectives.MMD(),
                lambda: keras.Sequential([keras.Input((INPUTS,)), keras.layers.Dense(CLASSES)]),
                "`features` must have layers before and behind it, to make two halves. Received: "
                "features=None",
            ),
            (
                objectives.CORAL(features="between"),
                shared,
                "`features` must be where no layer is called on both sides of it. Received: "
                "features='between', and 'twice' is",
            ),
            (objectives.CORAL(), in_a_dict, "`net` must put out a tensor. Received: a dict of one"),
            (
                objectives.CORAL(),
                scaled,
                "`net` must be called as its layers are connected. Received: Scaled, which "
                "overrides `call`",
            ),
            (
                objectives.MMD(),
                Subclassed,
                "`net` must be a Functional model, or a Sequential one that begins with an Input. "
                "Received: net=",
            ),
            *[
                (
                    objectives.Fishr(features="features"),
                    dense(*layers),
                    "Fishr needs a network that puts out what a Dense layer without activation "
                    f"makes of the features, [B, classes]. Received: 'net', whose last layer is "
                    f"'{layers[-1].name}'",
                )
                for layers in (
                    [keras.layers.Dense(HIDDEN), keras.layers.Dense(CLASSES, name="last")],
                    [keras.layers.Dropout(0.5), keras.layers.Dense(CLASSES, name="last")],
                    [keras.layers.Dense(CLASSES, "tanh", name="last")],
                    [keras.layers.Dense(CLASSES), keras.layers.Activation("tanh", name="last")],
                )
            ],
            (
                objectives.RSC(),
                dense(keras.layers.Dense(1)),
                "RSC needs a network that puts out a logit for each of two or more classes, [B, "
                "classes]. Received: an output of shape (None, 1)",
            ),
        ],
    )
    def test_networks(self, objective, net, message):
        model = nets.compiled(dg_keras.DomainGeneralizer(net(), "agr_sum", objective))
        x, y, _ = batches(1)
        with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
            model.fit({"a": (x[0], y[0]), "b": (x[0], y[0])}, batch_size=4, verbose=0)

    def test_it_takes_two_samples_to_vary(self):
        x, y, _ = batches(1)
        model = nets.compiled(dg_keras.DomainGeneralizer(network(), "mean", "coral", domains=N))
        with pytest.raises(ValueError, match="`batch_size` must be at least 2 for CORAL"):
            model.train_on_batch(x[0, :N], y[0, :N])

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: objectives.CORAL(weight=-1), "`weight` must be a number of at least 0"),
            (lambda: objectives.RSC(feature_share=0), "`feature_share` must be a number between"),
            (lambda: objectives.RSC(batch_share="all"), "`batch_share` must be a number between"),
            (lambda: objectives.MMD(features=3), "`features` must be the name of a layer, or None"),
            (
                lambda: type("Both", (objectives.FeatureObjective,), {"weighs": True}),
                "Both must not be a FeatureObjective that `weighs`",
            ),
        ],
    )
    def test_arguments(self, make, message):
        with pytest.raises((ValueError, TypeError), match=message):
            make()

    def test_a_model_that_calls_more_than_its_net(self):
        class Doubled(dg_keras.DomainGeneralizer):
            def call(self, x, training=None):
                return 2 * super().call(x)

        model = Doubled(network(), "agr_sum", "coral")
        model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        x, y, _ = batches(1)
        with pytest.raises(ValueError, match=r"`call` of DomainGeneralizer must stay.*Doubled"):
            model.fit({"a": (x[0], y[0]), "b": (x[0], y[0])}, batch_size=4, verbose=0)

    @pytest.mark.parametrize("how", ["in_turn", "domain_parallel"])
    def test_ways_of_taking_one_domain_at_a_time(self, how):
        with pytest.raises(ValueError, match=f"`{how}` must be False for CORAL, which needs"):
            dg_keras.DomainGeneralizer(network(), "agr_sum", "coral", **{how: True})
