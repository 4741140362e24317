"""GradientAgreement: the numbers by hand, when it measures, and that training does not notice."""

import csv
import itertools
import posixpath
import re
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import dg_keras
from dg_keras.callbacks import GradientAgreement
from dg_keras.callbacks._gradient_products import gram_and_agreement
from dg_keras.callbacks.gradient_agreement import _draw
from dg_keras.strategies.totals import FEW
from tests.nets import alexnet_like, compiled, domains, largest_difference

FEATURES, HIDDEN, CLASSES, SAMPLES = 5, 4, 3, 12


def linear_domains(number=3, seed=0, sample_weight=False):
    """Domains of SAMPLES samples, which a measurement of as many takes whole."""
    rng = np.random.default_rng(seed)
    made = {}
    for i, name in enumerate("abc"[:number]):
        x = rng.normal(loc=i, size=(SAMPLES, FEATURES)).astype("float32")
        made[name] = (x, rng.integers(CLASSES, size=SAMPLES))
        if sample_weight:
            made[name] += (rng.uniform(0.2, 2, size=SAMPLES).astype("float32"),)
    return made


def linear_net(l2=0.0, **compile_arguments):
    """Two linear layers and a softmax, whose gradient is quickly written down."""
    keras.utils.set_random_seed(1)
    penalty = keras.regularizers.L2(l2) if l2 else None
    model = keras.Sequential(
        [
            keras.Input((FEATURES,)),
            layers.Dense(HIDDEN, name="first", kernel_regularizer=penalty),
            layers.Dense(CLASSES, activation="softmax", name="second"),
        ]
    )
    compile_arguments = {"run_eagerly": True, **compile_arguments}
    model.compile(
        keras.optimizers.SGD(0.1), loss="sparse_categorical_crossentropy", **compile_arguments
    )
    return model


def linear_gradient(weights, x, y, sample_weight=None):
    """The gradient in float64: first kernel and bias, second kernel and bias."""
    first, first_bias, second, second_bias = (w.astype("float64") for w in weights)
    hidden = x.astype("float64") @ first + first_bias
    scores = np.exp(hidden @ second + second_bias)
    error = scores / scores.sum(axis=1, keepdims=True) - np.eye(CLASSES)[y]
    error *= (1 if sample_weight is None else sample_weight[:, None].astype("float64")) / len(x)
    inner = error @ second.T
    return [x.T @ inner, inner.sum(axis=0), hidden.T @ error, error.sum(axis=0)]


def expected_values(weights, data):
    """What the callback should say of the linear net in `logs`."""
    return expected_measurement(weights, data)[0]


def expected_measurement(weights, data):
    """What it should say of the linear net in `logs`, and what it should measure per layer."""
    gradients = {name: linear_gradient(weights, *domain) for name, domain in data.items()}

    def flat(name, part):
        return np.concatenate([g.ravel() for g in gradients[name][part]])

    def cosine(a, b, part):
        a, b = flat(a, part), flat(b, part)
        return a @ b / np.sqrt((a @ a) * (b @ b))

    def agreement(part):
        signs = np.sign([flat(name, part) for name in data])
        return np.mean((signs == signs[0]).all(axis=0))

    def zero(part):
        return np.mean(np.all([flat(name, part) == 0 for name in data], axis=0))

    whole = slice(0, 4)
    pairs = list(itertools.combinations(data, 2))
    values = {"gradient/cosine": np.mean([cosine(a, b, whole) for a, b in pairs])}
    values |= {f"gradient/cosine/{a}/{b}": cosine(a, b, whole) for a, b in pairs}
    values["gradient/agreement"] = agreement(whole)
    values["gradient/zero"] = zero(whole)
    values |= {f"gradient/norm/{name}": np.linalg.norm(flat(name, whole)) for name in data}
    per_layer = {}
    for layer, part in (("first", slice(0, 2)), ("second", slice(2, 4))):
        per_layer[f"gradient/cosine/{layer}"] = np.mean([cosine(a, b, part) for a, b in pairs])
        per_layer[f"gradient/agreement/{layer}"] = agreement(part)
        per_layer[f"gradient/zero/{layer}"] = zero(part)
    return values, per_layer


class Weights(keras.callbacks.Callback):
    """Keeps the weights that the model has after each step, by the number of steps."""

    def on_train_begin(self, logs=None):
        self.after = []

    def on_train_batch_end(self, batch, logs=None):
        self.after.append([w.copy() for w in self.model.get_weights()])


def fit(model, *callbacks, steps=4, epochs=2, data=None, **arguments):
    """Trains on what has nothing to do with the domains."""
    if data is None:
        rng = np.random.default_rng(7)
        data = rng.normal(size=(3 * steps, FEATURES)), rng.integers(CLASSES, size=3 * steps)
    return model.fit(
        *data,
        batch_size=3,
        epochs=epochs,
        verbose=0,
        shuffle=False,
        callbacks=list(callbacks),
        **arguments,
    ).history


class TestNumbers:
    @pytest.mark.parametrize(("run_eagerly", "sample_weight"), [(True, True), (False, False)])
    def test_are_those_by_hand(self, run_eagerly, sample_weight):
        data = linear_domains(sample_weight=sample_weight)
        weights = Weights()
        agreement = GradientAgreement(data, batch_size=SAMPLES, per_layer=True)
        # The penalties are in the loss that trains, and no part of what is measured.
        model = linear_net(l2=0.1, run_eagerly=run_eagerly)
        history = fit(model, weights, agreement)
        measured = agreement.measurements
        for epoch, step in enumerate([4, 8]):
            logged, per_layer = expected_measurement(weights.after[step - 1], data)
            assert set(history) == {"loss", *logged}
            assert list(measured) == ["step", "epoch", *logged, *per_layer]
            for key, value in (logged | per_layer).items():
                assert measured[key][epoch] == pytest.approx(value, rel=1e-4, abs=1e-6), key
            for key in logged:
                assert history[key][epoch] == measured[key][epoch], key
        assert 0 < history["gradient/agreement"][0] < 1

    def test_zero_is_a_sign_of_its_own(self):
        """With weights 0 and target 1, a squared error's gradient is -2 x."""
        model = keras.Sequential([keras.Input((5,)), layers.Dense(1, use_bias=False)])
        model.layers[0].set_weights([np.zeros((5, 1))])
        model.compile(keras.optimizers.SGD(0.0), loss="mse", run_eagerly=True)
        x = np.array([[[1, 2, 0, 0, 2]], [[3, -2, 0, 1, 0]], [[0, 0, 0, 0, 0]]], "float32")
        y = np.ones((1, 1))

        def measured(*domains):
            agreement = GradientAgreement([(domain, y) for domain in domains], batch_size=1)
            model.fit(x[0], y, verbose=0, callbacks=[agreement])
            return agreement.measurements.iloc[0]

        values = measured(x[0], x[1])
        assert values["gradient/agreement"] == 2 / 5  # the first and the third
        assert values["gradient/zero"] == 1 / 5  # the third
        assert values["gradient/cosine"] == pytest.approx(-1 / np.sqrt(9 * 14))
        assert values["gradient/norm/0"] == pytest.approx(6)
        values = measured(x[0], x[2])
        assert values["gradient/agreement"] == 2 / 5  # the third and the fourth
        assert values["gradient/cosine"] == 0
        assert measured(x[2], x[2])["gradient/agreement"] == 1

    def test_of_equal_and_of_opposite_domains(self):
        x, y = linear_domains(1)["a"]
        agreement = GradientAgreement({"a": (x, y), "same": (x, y)}, batch_size=SAMPLES)
        history = fit(linear_net(), agreement)
        np.testing.assert_allclose(history["gradient/cosine"], 1, rtol=1e-6)
        assert history["gradient/agreement"] == [1, 1]

    def test_what_layers_add_for_the_data_takes_part(self):
        def measured(**arguments):
            model = compiled(alexnet_like(**arguments), keras.optimizers.SGD(0.0))
            agreement = GradientAgreement(domains(2), batch_size=8, seed=0)
            model.fit(*domains(1)["photo"], steps_per_epoch=1, verbose=0, callbacks=[agreement])
            return agreement.measurements

        plain = measured()
        assert plain.equals(measured(l2=0.5))
        assert not plain.equals(measured(activity_regularizer=keras.regularizers.L2(0.5)))

    def test_of_weights_with_sparse_gradients_or_none(self):
        class Tokens(keras.Model):
            """Has no `training` argument, an embedding, and a weight that nothing depends on."""

            def __init__(self):
                super().__init__(name="tokens")
                self.embedding, self.dense = (
                    layers.Embedding(6, 2, name="embedding"),
                    layers.Dense(1),
                )
                self.unused = self.add_weight(shape=(4,), name="unused")

            def call(self, x):
                return self.dense(self.embedding(x)[:, 0])

        model = Tokens()
        model.compile("sgd", loss="mse")
        domains = [(np.full((4, 1), token), np.ones((4, 1))) for token in (1, 2)]
        agreement = GradientAgreement(domains, batch_size=4, per_layer=True)
        with pytest.warns(UserWarning, match="Gradients do not exist"):
            model.fit(*domains[0], verbose=0, callbacks=[agreement])
        values = agreement.measurements.iloc[0]
        assert values["gradient/agreement/tokens/embedding"] == 8 / 12
        assert values["gradient/agreement/tokens"] == 1

    def test_loss_scaling_divides_out(self):
        def measured(policy):
            keras.config.set_dtype_policy(policy)
            try:
                model = compiled(alexnet_like(), keras.optimizers.SGD(0.0))
            finally:
                keras.config.set_dtype_policy("float32")
            agreement = GradientAgreement(domains(2), batch_size=8, seed=0)
            model.fit(*domains(1)["photo"], steps_per_epoch=1, verbose=0, callbacks=[agreement])
            return agreement.measurements

        half, single = measured("mixed_float16"), measured("float32")
        for key in ("gradient/cosine", "gradient/norm/photo", "gradient/norm/cartoon"):
            np.testing.assert_allclose(half[key], single[key], rtol=0.02)


class TestWhen:
    @pytest.mark.parametrize("every", [1, 3, 4])
    def test_every_so_many_steps(self, every):
        data = linear_domains()
        weights = Weights()
        agreement = GradientAgreement(data, every=every, batch_size=SAMPLES)
        history = fit(linear_net(), weights, agreement, epochs=3)
        measured = agreement.measurements
        steps = list(range(every, 13, every))
        assert list(measured["step"]) == steps
        assert list(measured["epoch"]) == [(step - 1) // 4 for step in steps]
        for step, cosine in zip(steps, measured["gradient/cosine"], strict=True):
            expected = expected_values(weights.after[step - 1], data)
            assert cosine == pytest.approx(expected["gradient/cosine"], rel=1e-4)
        means = measured.groupby("epoch").mean().drop(columns="step").reindex(range(3))
        for key in means:
            np.testing.assert_allclose(history[key], means[key], err_msg=key)

    def test_an_epoch_without_a_measurement_has_the_keys(self):
        agreement = GradientAgreement(linear_domains(), every=6, per_layer=True)
        history = fit(linear_net(), agreement)
        assert all(np.isnan(history[key][0]) for key in history if key.startswith("gradient"))
        assert not any(np.isnan(history[key][1]) for key in history)
        columns = list(agreement.measurements.columns[2:])
        assert columns[: len(history) - 1] == list(history)[1:]
        assert columns[len(history) - 1 :] == [
            f"gradient/{value}/{layer}"
            for layer in ("first", "second")
            for value in ("cosine", "agreement", "zero")
        ]

    def test_with_several_steps_per_execution(self):
        agreement = GradientAgreement(linear_domains(), every=3)
        fit(linear_net(steps_per_execution=2, run_eagerly=False), agreement, epochs=3)
        assert list(agreement.measurements["step"]) == [4, 6, 10, 12]

    @pytest.mark.parametrize("alone", [True, False])
    def test_with_data_of_unknown_length(self, alone):
        """Keras begins a step for which there is no more data, and calls a lone one's threads."""
        x, y = linear_domains(1)["a"]
        batches = tf.data.Dataset.from_tensor_slices((x, y)).batch(3).filter(lambda x, y: True)
        agreement = GradientAgreement(linear_domains(), every=2)
        with pytest.warns(UserWarning, match="ran out of data"):
            linear_net(run_eagerly=False).fit(
                batches,
                epochs=2,
                verbose=0,
                shuffle=False,
                callbacks=agreement if alone else [agreement],
            )
        assert list(agreement.measurements["step"]) == [2, 4, 6, 8]
        assert list(agreement.measurements["epoch"]) == [0, 0, 1, 1]

    @pytest.mark.parametrize("as_datasets", [False, True])
    def test_draws_one_batch_by_seed(self, as_datasets):
        model = linear_net()
        model.optimizer.learning_rate = 0.0
        data = linear_domains()
        if as_datasets:
            data = {n: tf.data.Dataset.from_tensor_slices(d) for n, d in data.items()}
        cosines = []
        for number, seed in enumerate((0, 0, 1)):
            keras.utils.set_random_seed(number)
            agreement = GradientAgreement(data, batch_size=4, seed=seed)
            fit(model, agreement, steps=1)
            cosines += set(agreement.measurements["gradient/cosine"])
        assert cosines[0] == cosines[1] != cosines[2]

    def test_draws_every_element_of_a_dataset_as_often(self):
        dataset = tf.data.Dataset.range(12).map(lambda i: (i, i))
        drawn = []
        for seed in range(150):
            x, y = _draw(dataset, 3, np.random.default_rng(seed))
            assert len(set(x.numpy())) == 3
            assert (x == y).numpy().all()
            drawn += x.numpy().tolist()
        times = np.bincount(drawn, minlength=12)
        assert times.sum() == 450
        assert abs(times - 450 / 12).max() < 25  # nearly five standard deviations

    def test_without_a_seed_keras_rules_it(self):
        seeds = []
        for number in (3, 3, 4):
            keras.utils.set_random_seed(number)
            seeds.append(GradientAgreement(linear_domains()).seed)
        assert seeds[0] == seeds[1] != seeds[2]

    def test_takes_a_smaller_domain_whole(self):
        x, y = linear_domains(1)["a"]
        data = [(x, y), tf.data.Dataset.from_tensor_slices((x, y)), (x[::-1], y[::-1])]
        agreement = GradientAgreement(data, batch_size=100)
        history = fit(linear_net(), agreement, steps=1)
        np.testing.assert_allclose(history["gradient/cosine"], 1, rtol=1e-6)


@keras.saving.register_keras_serializable(package="tests")
class Restless(layers.Layer):
    """Draws, counts and updates a statistic in inference too."""

    def build(self, shape):
        self.seed_generator = keras.random.SeedGenerator(3)
        self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False)

    def call(self, x):
        self.calls.assign_add(1.0)
        self.add_loss(1e-3 * keras.ops.mean(x))
        return x + 0.1 * keras.random.normal(keras.ops.shape(x), seed=self.seed_generator)


class TestNoInfluence:
    @pytest.mark.parametrize("run_eagerly", [True, False])
    def test_on_training(self, run_eagerly):
        def trained(*callbacks):
            keras.utils.set_random_seed(0)
            inputs = keras.Input((FEATURES,))
            hidden = layers.Dense(8, kernel_regularizer="l2")(inputs)
            hidden = layers.BatchNormalization()(hidden)
            hidden = Restless()(layers.Dropout(0.5)(hidden))
            # Each output has a loss of its own among the metrics.
            outputs = [layers.Dense(CLASSES, activation="softmax", name=n)(hidden) for n in "pq"]
            model = keras.Model(inputs, outputs)
            model.compile(
                "sgd",
                loss=["sparse_categorical_crossentropy"] * 2,
                metrics=[["accuracy"]] * 2,
                run_eagerly=run_eagerly,
            )
            x, y = linear_domains(1)["a"]
            history = fit(model, *callbacks, data=(x[:6], [y[:6], y[:6]]), epochs=1)
            return model, history

        data = {name: (x, (y, y)) for name, (x, y) in linear_domains(2).items()}
        plain, expected = trained()
        model, history = trained(GradientAgreement(data, every=1, batch_size=4))
        assert {key: history[key] for key in expected} == expected
        assert {"p_loss", "q_accuracy"} <= set(expected)
        for ours, theirs in zip(model.variables, plain.variables, strict=True):
            np.testing.assert_array_equal(ours, theirs, err_msg=ours.path)
        assert model.layers[1].kernel.regularizer is not None

    @pytest.mark.filterwarnings("ignore:`net` has trainable BatchNormalization:UserWarning")
    def test_on_a_domain_generalizer(self):
        def trained(*callbacks):
            net = linear_net(l2=0.01)
            net = keras.Sequential([*net.layers, layers.Dropout(0.5), layers.BatchNormalization()])
            model = compiled(dg_keras.DomainGeneralizer(net, "agr_rand"))
            history = model.fit(
                linear_domains(2),
                batch_size=4,
                steps_per_epoch=2,
                verbose=0,
                callbacks=list(callbacks),
            )
            return model, history.history

        plain, expected = trained()
        agreement = GradientAgreement(linear_domains(2), every=1, batch_size=4)
        model, history = trained(agreement)
        assert {key: history[key] for key in expected} == expected
        assert largest_difference(model, plain) == 0
        assert list(agreement.measurements["step"]) == [1, 2]
        assert 0 < history["gradient/agreement"][0] < 1

    def test_a_domain_generalizer_has_the_numbers_of_its_net(self):
        net = alexnet_like(l2=0.01)
        measured = []
        for model in (net, dg_keras.DomainGeneralizer(net, domains=1)):
            compiled(model, keras.optimizers.SGD(0.0))
            agreement = GradientAgreement(domains(2), batch_size=8, seed=0)
            model.fit(
                *domains(1)["photo"],
                steps_per_epoch=1,
                verbose=0,
                shuffle=False,
                callbacks=[agreement],
            )
            measured.append(agreement.measurements)
        assert measured[0].equals(measured[1])


class TestReuse:
    def test_is_traced_once_for_a_model(self):
        model, agreement = linear_net(run_eagerly=False), GradientAgreement(linear_domains())
        fit(model, agreement)
        products = agreement._products
        agreement.domains = {name.upper(): d for name, d in linear_domains(seed=1).items()}
        history = fit(model, agreement)
        assert "gradient/cosine/A/C" in history
        assert agreement._products is products
        assert products._products_of.experimental_get_tracing_count() == 1
        assert products._gradient_of.experimental_get_tracing_count() == 1

    @pytest.mark.parametrize("order", [("domains", "seed"), ("seed", "domains")])
    def test_a_run_is_measured_the_same_whatever_was_measured_before(self, order):
        def values(run):
            return {"domains": linear_domains(seed=run), "seed": run}

        model = linear_net(run_eagerly=False)
        model.optimizer.learning_rate = 0.0
        agreement = GradientAgreement(linear_domains(seed=9), batch_size=4, seed=9)
        measured = []
        for run in (0, 1, 0):
            for name in order:
                setattr(agreement, name, values(run)[name])
            fit(model, agreement, epochs=1)
            measured.append(agreement.measurements)
            fresh = GradientAgreement(**values(run), batch_size=4)
            fit(model, fresh, epochs=1)
            assert fresh.measurements.equals(measured[-1])
        assert measured[0].equals(measured[2])
        assert not measured[0].equals(measured[1])

    def test_what_is_assigned_during_a_run_counts_in_the_next(self):
        class Meddler(keras.callbacks.Callback):
            def on_epoch_begin(self, epoch, logs=None):
                agreement.domains = list(linear_domains(2, seed=5).values())
                agreement.seed = 5

        model = linear_net(run_eagerly=False)
        model.optimizer.learning_rate = 0.0
        agreement = GradientAgreement(linear_domains(), batch_size=4, seed=0)
        before = fit(model, Meddler(), agreement, epochs=2)
        after = fit(model, agreement, epochs=1)
        assert before["gradient/cosine"][0] == before["gradient/cosine"][1]
        assert before["gradient/cosine/a/b"][0] != after["gradient/cosine/0/1"][0]

    def test_a_model_compiled_anew_has_its_new_loss(self):
        model = linear_net(run_eagerly=False)
        agreement = GradientAgreement(linear_domains(), batch_size=SAMPLES)
        norms = []
        for loss_weight in (1.0, 10.0):
            model.compile(
                keras.optimizers.SGD(0.0),
                loss="sparse_categorical_crossentropy",
                loss_weights=loss_weight,
            )
            norms.append(fit(model, agreement, epochs=1)["gradient/norm/a"][0])
        assert norms[1] == pytest.approx(10 * norms[0], rel=1e-5)

    def test_other_numbers_of_domains_and_datasets(self):
        model, agreement = linear_net(run_eagerly=False), GradientAgreement(linear_domains())
        fit(model, agreement, epochs=1)
        agreement.domains = tuple(
            tf.data.Dataset.from_tensor_slices(domain) for domain in linear_domains(2).values()
        )
        history = fit(model, agreement, epochs=1)
        assert "gradient/cosine/0/1" in history
        assert "gradient/norm/2" not in history


class TestOtherModels:
    def test_that_train_without_an_optimizer_of_their_own(self):
        class OwnSteps(keras.Sequential):
            def train_step(self, data):
                return {"loss": keras.ops.zeros(())}

        net = linear_net()
        model = OwnSteps(net.layers)
        model.build((None, FEATURES))
        model.compile(None, loss=net.loss, run_eagerly=True)
        assert model.optimizer is None
        agreement = GradientAgreement(linear_domains(), batch_size=SAMPLES)
        fit(model, agreement, epochs=1)
        expected = expected_values(net.get_weights(), linear_domains())
        for key, value in expected.items():
            assert agreement.measurements[key][0] == pytest.approx(value, rel=1e-4), key

    def test_that_overflow_in_half_precision_agree_on_nothing(self):
        keras.config.set_dtype_policy("mixed_float16")
        try:
            model = compiled(alexnet_like(), keras.optimizers.SGD(0.0))
        finally:
            keras.config.set_dtype_policy("float32")
        model.optimizer.build(model.trainable_variables)
        model.optimizer.dynamic_scale.assign(2.0**30)
        agreement = GradientAgreement(domains(2), batch_size=8, every=1)
        model.fit(*domains(1)["photo"], steps_per_epoch=1, verbose=0, callbacks=[agreement])
        values = agreement.measurements.iloc[0]
        assert np.isnan(values["gradient/cosine"])
        assert np.isnan(values["gradient/agreement"])
        assert np.isnan(values["gradient/zero"])

    def test_that_their_first_step_builds(self):
        model = keras.Sequential([layers.Dense(CLASSES, activation="softmax")])
        model.compile("sgd", loss="sparse_categorical_crossentropy")
        agreement = GradientAgreement(linear_domains(), per_layer=True)
        fit(model, agreement, epochs=1)
        assert len(agreement.measurements) == 1

    def test_whose_loss_is_computed_as_before_keras_3(self):
        class Own(keras.Sequential):
            def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None):
                return super().compute_loss(x, y, y_pred, sample_weight)

        net = linear_net()
        model = Own(net.layers)
        model.build((None, FEATURES))
        model.compile("sgd", loss=net.loss)
        agreement = GradientAgreement(linear_domains(), batch_size=SAMPLES, every=1)
        model.fit(*linear_domains()["a"], batch_size=SAMPLES, verbose=0, callbacks=[agreement])
        assert np.isfinite(agreement.measurements["gradient/cosine"]).all()

    @pytest.mark.parametrize("run_eagerly", [True, False])
    def test_without_a_loss_are_told_before_training(self, run_eagerly):
        class OwnLoss(keras.Sequential):
            def train_step(self, data):
                pytest.fail("it was trained")

        model = OwnLoss([keras.Input((FEATURES,)), layers.Dense(CLASSES)])
        model.compile("sgd", run_eagerly=run_eagerly)
        with pytest.raises(ValueError, match="No loss to compute"):
            fit(model, GradientAgreement(linear_domains()))

    def test_a_domain_of_other_inputs_is_told_before_training(self):
        made = linear_domains()
        made["b"] = (made["b"][0][:, 1:], made["b"][1])
        model = linear_net(run_eagerly=False)
        with pytest.raises(ValueError, match=r"[Ss]hape"):
            fit(model, GradientAgreement(made))
        assert int(model.optimizer.iterations) == 0

    def test_with_layers_of_one_path_tell_them_apart(self):
        def encoder():
            x = keras.Input((FEATURES,))
            return keras.Model(x, layers.Dense(HIDDEN, name="proj")(x))

        x = keras.Input((FEATURES,))
        both = layers.Concatenate()([encoder()(x), encoder()(x)])
        model = keras.Model(x, layers.Dense(CLASSES, name="head")(both))
        model.compile(
            "sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), run_eagerly=True
        )
        agreement = GradientAgreement(linear_domains(2), per_layer=True)
        fit(model, agreement, epochs=1)
        of_layers = [
            key.removeprefix("gradient/cosine/")
            for key in agreement.measurements
            if key.startswith("gradient/cosine/") and key != "gradient/cosine/a/b"
        ]
        assert len(of_layers) == 3
        assert sum(name.endswith("(2)") for name in of_layers) == 1

    def test_without_anything_to_train_are_one_sentence(self):
        model = linear_net()
        model.trainable = False
        with pytest.raises(ValueError, match="needs a model with trainable variables"):
            fit(model, GradientAgreement(linear_domains()))

    def test_that_are_not_compiled_are_one_sentence(self):
        agreement = GradientAgreement(linear_domains())
        agreement.set_model(keras.Sequential([keras.Input((FEATURES,)), layers.Dense(1)]))
        with pytest.raises(ValueError, match="needs a model that is compiled"):
            agreement.on_train_begin()

    def test_with_a_layer_of_the_name_of_a_pair_are_one_sentence(self):
        stack = [keras.Input((FEATURES,)), layers.Dense(CLASSES, name="b")]
        inner = keras.Sequential(stack, name="a")
        head = layers.Dense(CLASSES, name="head")
        model = keras.Sequential([keras.Input((FEATURES,)), inner, head])
        model.compile("sgd", "sparse_categorical_crossentropy")
        with pytest.raises(ValueError, match=r"Received: layer 'a/b' and domains \['a', 'b'\]"):
            fit(model, GradientAgreement(linear_domains(2), per_layer=True))


class TestManyComponents:
    @pytest.mark.parametrize("jit_compile", [False, True])
    def test_none_is_lost(self, jit_compile):
        """Of so many ones a chain of additions in float32 counts 2^24."""
        size = 20_000_000
        full, less = tf.fill([size // 2, 2], 1.1), tf.fill([size // 2, 2], -0.3)
        measure = tf.function(gram_and_agreement, jit_compile=jit_compile)
        gram, agreeing, zero = measure([full, less])
        together = np.array([full[0, 0], less[0, 0]], "float64")
        np.testing.assert_allclose(gram, np.outer(together, together) * size, rtol=1e-4)
        assert agreeing.numpy() == zero.numpy() == 0
        assert measure([full, full])[1].numpy() == size
        assert [n.numpy() for n in measure([0 * full, 0 * full])[1:]] == [size, size]

    @pytest.mark.parametrize("size", [FEW - 1, FEW + 3])
    def test_is_the_same_whether_few_or_many(self, size):
        rng = np.random.default_rng(0)
        gradients = [rng.normal(0.1, size=size).round(1).astype("float32") for _ in range(3)]
        gram, agreeing, zero = gram_and_agreement([tf.constant(g) for g in gradients])
        together = np.stack(gradients).astype("float64")
        np.testing.assert_allclose(gram, together @ together.T, rtol=1e-5)
        signs = np.sign(together)
        assert agreeing.numpy() == np.sum((signs == signs[0]).all(axis=0))
        assert zero.numpy() == np.sum((signs == 0).all(axis=0)) > 0


class TestOtherCallbacks:
    def test_every_key_is_one_that_mlflow_takes(self):
        """Its rule: letters, digits and `_ - . space : /`, and a path that is written one way."""
        names = ["Real World", "art_painting", "v1.5"]
        data = dict(zip(names, linear_domains().values(), strict=True))
        agreement = GradientAgreement(data, per_layer=True)
        fit(linear_net(), agreement, epochs=1)
        keys = list(agreement.measurements)
        assert "gradient/cosine/Real World/v1.5" in keys
        assert "gradient/agreement/first" in keys
        for key in keys:
            assert re.fullmatch(r"[/\w.\- :]*", key), key
            assert posixpath.normpath(key) == key

    def test_the_progress_line_does_not_grow_with_the_layers(self):
        stack = [layers.Dense(FEATURES, name=f"layer_{i}") for i in range(41)]
        model = keras.Sequential([keras.Input((FEATURES,)), *stack])
        model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
        agreement = GradientAgreement(linear_domains(), per_layer=True)
        assert len(fit(model, agreement, epochs=1)) == 1 + 3 + 3 + 3
        assert len(agreement.measurements.columns) == 2 + 9 + 3 * 41

    def test_csv_logger_has_the_keys(self, tmp_path):
        file = tmp_path / "log.csv"
        agreement = GradientAgreement(linear_domains(2), every=8, prefix="surgery")
        history = fit(linear_net(), agreement, keras.callbacks.CSVLogger(file))
        keys = {key for key in history if key.startswith("surgery/")}
        assert keys == set(agreement.measurements.columns[2:])
        assert len(keys) == 6
        with file.open() as lines:
            rows = list(csv.DictReader(lines))
        for key in keys:
            assert rows[0][key] == "nan"
            assert float(rows[1][key]) == pytest.approx(history[key][1])

    def test_tensorboard_has_the_keys(self, tmp_path):
        pytest.importorskip("tensorboard")
        agreement = GradientAgreement(linear_domains(2))
        board = keras.callbacks.TensorBoard(tmp_path, write_graph=False)
        history = fit(linear_net(), agreement, board, epochs=1)
        assert len(history) == 7
        assert {f"epoch_{key}" for key in history} <= tensorboard_tags(tmp_path)


def tensorboard_tags(folder):
    """All tags in a folder of TensorBoard's event files."""
    files = [str(file) for file in folder.rglob("events.out.tfevents.*")]
    events = [
        tf.compat.v1.Event.FromString(record.numpy()) for record in tf.data.TFRecordDataset(files)
    ]
    return {value.tag for event in events for value in event.summary.value}


class TestPlot:
    def test_has_the_measurements(self):
        agreement = GradientAgreement(linear_domains(), every=2, per_layer=True)
        fit(linear_net(), agreement)
        figure, measured = agreement.plot(), agreement.measurements
        curves, heat_map, _ = figure.axes
        lines = {line.get_label(): line for line in curves.get_lines()}
        for label, key in (("cosine", "cosine"), ("share", "agreement")):
            line = next(line for name, line in lines.items() if name.startswith(label))
            np.testing.assert_array_equal(line.get_xdata(), measured["step"])
            np.testing.assert_array_equal(line.get_ydata(), measured[f"gradient/{key}"])
        agreeing = measured[["gradient/agreement/first", "gradient/agreement/second"]]
        shown = heat_map.collections[0].get_array()
        np.testing.assert_allclose(shown, 1 - agreeing.to_numpy().T)
        pairs = measured[[f"gradient/cosine/{pair}" for pair in ("a/b", "a/c", "b/c")]]
        band = curves.collections[0].get_paths()[0].vertices[:, 1]
        assert (band.min(), band.max()) == (pairs.min(axis=None), pairs.max(axis=None))
        assert [t.get_text() for t in heat_map.get_yticklabels()] == ["first", "second"]

    def test_without_layers_has_no_heat_map(self):
        agreement = GradientAgreement(linear_domains(2))
        fit(linear_net(), agreement, epochs=1)
        assert len(agreement.plot().axes) == 1

    def test_of_any_prefix(self):
        agreement = GradientAgreement(linear_domains(2), prefix="surgery (%)")
        fit(linear_net(), agreement, epochs=1)
        assert len(agreement.plot().axes) == 1

    def test_needs_matplotlib(self, monkeypatch):
        agreement = GradientAgreement(linear_domains(2))
        fit(linear_net(), agreement, epochs=1)
        monkeypatch.delitem(sys.modules, "dg_keras.callbacks._agreement_plot", raising=False)
        monkeypatch.setitem(sys.modules, "matplotlib.axes", None)
        with pytest.raises(ModuleNotFoundError, match=r"pip install dg_keras\[benchmark\]"):
            agreement.plot()

    def test_needs_measurements(self):
        with pytest.raises(ValueError, match="`plot` must follow a `fit` that measured"):
            GradientAgreement(linear_domains()).plot()


class TestErrors:
    @pytest.mark.parametrize("every", [0, -1, 2.5, "step"])
    def test_every(self, every):
        with pytest.raises(ValueError, match="`every` must be") as error:
            GradientAgreement(linear_domains(), every=every)
        assert repr(every) in str(error.value)

    @pytest.mark.parametrize("batch_size", [0, 1.5])
    def test_batch_size(self, batch_size):
        with pytest.raises(ValueError, match="`batch_size` must be"):
            GradientAgreement(linear_domains(), batch_size=batch_size)

    def test_one_domain(self):
        with pytest.raises(ValueError, match=r"at least two, to be compared\. Received: 1"):
            GradientAgreement(linear_domains(1))

    @pytest.mark.parametrize("seed", [-1, 1.5, "7", 2**31])
    def test_seed(self, seed):
        with pytest.raises(ValueError, match="`seed` must be"):
            GradientAgreement(linear_domains(), seed=seed)
        agreement = GradientAgreement(linear_domains())
        with pytest.raises(ValueError, match="`seed` must be"):
            agreement.seed = seed

    @pytest.mark.parametrize("names", [("a", "b/c", "a/b", "c"), (1, "1", "2")])
    def test_names_that_do_not_tell_pairs_apart(self, names):
        domain = linear_domains(1)["a"]
        with pytest.raises(ValueError, match="names by which their pairs are told"):
            GradientAgreement(dict.fromkeys(names, domain))

    def test_no_domains(self):
        with pytest.raises(ValueError, match="`domains` must be a tuple, list or dict"):
            GradientAgreement(np.zeros((3, 2)))

    def test_batched_domains(self):
        batched = tf.data.Dataset.from_tensor_slices(linear_domains(1)["a"]).batch(2)
        with pytest.raises(ValueError, match="Every domain must be given unbatched"):
            GradientAgreement([batched, batched])


def test_weights_of_many_millions_are_measured_again_and_again():
    """TensorFlow's memory optimizer broke it in the second measurement, AlexNet's too."""
    width, rng = 2048, np.random.default_rng(0)
    wide = [layers.Dense(width, "relu") for _ in range(3)]
    net = keras.Sequential([keras.Input((width,)), *wide, layers.Dense(CLASSES)])
    compiled(net, keras.optimizers.SGD(1e-9), run_eagerly=False)
    of = {
        name: (rng.normal(size=(4, width)).astype("float32"), rng.integers(CLASSES, size=4))
        for name in "ab"
    }
    callback = GradientAgreement(of, batch_size=4)
    measured = [net.fit(*of["a"], callbacks=[callback], verbose=0).history for _ in range(2)]
    flat = []
    for x, y in of.values():
        with tf.GradientTape() as tape:
            loss = net.loss(y, net(x))
        gradient = tape.gradient(loss, net.trainable_variables)
        flat.append(np.concatenate([g.numpy().ravel() for g in gradient]).astype("float64"))
    cosine = flat[0] @ flat[1] / np.linalg.norm(flat[0]) / np.linalg.norm(flat[1])
    for history in measured:
        assert history["gradient/cosine"] == pytest.approx([cosine], abs=1e-4)
