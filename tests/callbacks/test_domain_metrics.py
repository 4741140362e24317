"""DomainMetrics: the values by hand, and what other callbacks make of them."""

import csv
import posixpath
import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import dg_keras
from dg_keras.callbacks import DomainMetrics

FEATURES, CLASSES = 4, 3


def domains(sample_weight=False):
    rng = np.random.default_rng(0)
    made = {}
    for name, samples in (("photo", 10), ("sketch", 5), ("clipart", 21)):
        x = rng.normal(size=(samples, FEATURES)).astype("float32")
        made[name] = (x, rng.integers(CLASSES, size=samples))
        if sample_weight:
            made[name] += (rng.uniform(0.2, 2, size=samples).astype("float32"),)
    return made


def softmax_model(metrics=("accuracy",), run_eagerly=True, learning_rate=0.5, **how):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((FEATURES,)), layers.Dense(CLASSES, activation="softmax")]
    )
    model.compile(
        keras.optimizers.SGD(learning_rate),
        loss="sparse_categorical_crossentropy",
        metrics=list(metrics),
        run_eagerly=run_eagerly,
        **how,
    )
    return model


def fit(model, *callbacks, epochs=1, **arguments):
    return model.fit(
        *domains()["photo"],
        batch_size=5,
        epochs=epochs,
        verbose=0,
        shuffle=False,
        callbacks=list(callbacks),
        **arguments,
    ).history


def by_hand(model, x, y, sample_weight=None):
    """Loss and accuracy in float64."""
    kernel, bias = (w.astype("float64") for w in model.get_weights())
    scores = np.exp(x.astype("float64") @ kernel + bias)
    chances = scores / scores.sum(axis=1, keepdims=True)
    weight = 1 if sample_weight is None else sample_weight
    loss = np.mean(-np.log(chances[np.arange(len(y)), y]) * weight)
    return {"loss": loss, "accuracy": np.mean(chances.argmax(axis=1) == y)}


class TestNumbers:
    @pytest.mark.parametrize(
        ("run_eagerly", "sample_weight", "as_datasets"),
        [(True, True, True), (False, False, False)],
    )
    def test_are_those_by_hand(self, run_eagerly, sample_weight, as_datasets):
        data = domains(sample_weight)
        given = data
        if as_datasets:
            given = {n: tf.data.Dataset.from_tensor_slices(d) for n, d in data.items()}
        model = softmax_model(run_eagerly=run_eagerly)
        history = fit(model, DomainMetrics(given, batch_size=8))
        expected = {name: by_hand(model, *domain) for name, domain in data.items()}
        for metric, worst in (("loss", max), ("accuracy", min)):
            values = {name: result[metric] for name, result in expected.items()}
            assert len(set(values.values())) == 3
            values["worst"] = worst(values.values())
            values["balanced"] = sum(expected[name][metric] for name in data) / 3
            for name, value in values.items():
                key = f"val_{metric}/{name}"
                assert history[key] == pytest.approx([value], rel=1e-5), key
        assert len(history) == 2 + 2 * 5

    def test_names_by_position_and_prefix(self):
        history = fit(softmax_model(), DomainMetrics(list(domains().values())[:2], prefix="test/"))
        assert {k for k in history if "accuracy/" in k} == {
            f"test/accuracy/{name}" for name in ("0", "1", "worst", "balanced")
        }

    def test_of_several_outputs(self):
        # Keras' own, under another name, so that it is known to be the better the smaller.
        entropy = keras.metrics.SparseCategoricalCrossentropy(name="entropy")
        inputs = keras.Input((FEATURES,))
        outputs = {n: layers.Dense(CLASSES, activation="softmax", name=n)(inputs) for n in "pq"}
        model = keras.Model(inputs, outputs)
        loss = "sparse_categorical_crossentropy"
        model.compile(
            loss={"p": loss, "q": loss},
            metrics={"p": ["accuracy"]},
            weighted_metrics={"q": [entropy]},
            run_eagerly=True,
        )
        data = {name: (x, {"p": y, "q": y}) for name, (x, y) in domains().items()}
        history = model.fit(*data["photo"], verbose=0, callbacks=[DomainMetrics(data)]).history
        for metric, worst in (
            ("p_accuracy", min),
            ("q_entropy", max),
            ("q_loss", max),
            ("loss", max),
        ):
            values = [history[f"val_{metric}/{name}"][0] for name in data]
            assert history[f"val_{metric}/worst"] == [worst(values)]

    def test_of_a_metric_with_a_value_per_class(self):
        model = softmax_model()
        data = {name: (x, np.eye(CLASSES)[y]) for name, (x, y) in domains().items()}
        f1 = keras.metrics.F1Score(name="f1")
        model.compile("sgd", "categorical_crossentropy", metrics=[f1], run_eagerly=True)
        history = model.fit(*data["photo"], verbose=0, callbacks=[DomainMetrics(data)]).history
        values = np.array([history[f"val_f1/{name}"][0] for name in data])
        np.testing.assert_array_equal(history["val_f1/worst"][0], values.min(axis=0))
        np.testing.assert_allclose(history["val_f1/balanced"][0], values.mean(axis=0), rtol=1e-6)

    def test_of_a_domain_generalizer(self):
        net, data = softmax_model(), domains()
        model = dg_keras.DomainGeneralizer(net)
        model.compile("sgd", net.loss, metrics=["accuracy"], run_eagerly=True)
        callback = DomainMetrics([tf.data.Dataset.from_tensor_slices(d) for d in data.values()])
        history = model.fit(
            data, batch_size=4, steps_per_epoch=1, verbose=0, callbacks=[callback]
        ).history
        for position, domain in enumerate(data.values()):
            for metric, value in by_hand(net, *domain).items():
                assert history[f"val_{metric}/{position}"] == [pytest.approx(value, rel=1e-5)]
        assert {f"loss/{name}" for name in data} <= set(history)


class TestDirection:
    def test_must_be_given_where_keras_knows_none(self):
        def spread(y, y_pred):
            return keras.ops.max(y_pred, axis=-1) - keras.ops.min(y_pred, axis=-1)

        model = softmax_model([spread])
        with pytest.raises(ValueError, match=r"`mode` must say .* metric \'spread\' is better"):
            fit(model, DomainMetrics(domains()))
        with pytest.raises(ValueError, match=r"`mode` must name metrics of the model: .*: speed$"):
            fit(model, DomainMetrics(domains(), mode={"spread": "max", "speed": "max"}))
        assert model.optimizer.iterations == 0  # before the first step
        callback = DomainMetrics(domains(), mode={"spread": "max"})
        history = fit(softmax_model([spread]), callback)
        values = [history[f"val_spread/{name}"][0] for name in domains()]
        assert history["val_spread/worst"] == [min(values)]

    def test_is_checked(self):
        with pytest.raises(ValueError, match="`mode` must map metrics to"):
            DomainMetrics(domains(), mode={"accuracy": "up"})


class TestOtherCallbacks:
    def test_early_stopping_on_the_worst_domain(self):
        """The step that trains one domain makes another worse at once."""
        stop = keras.callbacks.EarlyStopping("val_loss/worst", mode="min", patience=2)
        model = softmax_model(run_eagerly=False, learning_rate=2.0)
        history = fit(model, DomainMetrics(domains()), stop, epochs=20)
        worst = history["val_loss/worst"]
        assert len(worst) < 20
        assert len(worst) == np.argmin(worst) + 3
        assert history["loss"] == sorted(history["loss"], reverse=True)

    def test_training_does_not_notice(self):
        arguments = {"epochs": 2, "validation_data": domains()["sketch"]}
        expected = fit(softmax_model(), **arguments)
        # In the middle of an epoch, too, in which metrics are counted.
        history = fit(softmax_model(), DomainMetrics(domains(), every=1), **arguments)
        assert {key: history[key] for key in expected} == expected
        np.testing.assert_allclose(history["val_loss/sketch"], history["val_loss"], rtol=1e-6)

    def test_every_key_is_one_that_mlflow_takes(self):
        """Its rule: letters, digits and `_ - . space : /`, and a path that is written one way."""
        data = dict(zip(["Real World", "art_painting", "v1.5"], domains().values(), strict=True))
        history = fit(softmax_model(), DomainMetrics(data))
        assert "val_accuracy/Real World" in history
        for key in history:
            assert re.fullmatch(r"[/\w.\- :]*", key), key
            assert posixpath.normpath(key) == key

    def test_csv_logger_has_the_keys_of_epochs_without_evaluation(self, tmp_path):
        file = tmp_path / "log.csv"
        # Of two steps per epoch.
        callback = DomainMetrics({"sketch": domains()["sketch"]}, every=6)
        history = fit(softmax_model(), callback, keras.callbacks.CSVLogger(file), epochs=7)
        losses = history["val_loss/sketch"]
        assert losses[0] == losses[1] != losses[2] == losses[3] == losses[4] != losses[5]
        with file.open() as lines:
            rows = list(csv.DictReader(lines))
        assert [float(row["val_loss/sketch"]) for row in rows] == pytest.approx(losses)

    def test_domains_may_be_assigned_anew(self):
        model, callback = softmax_model(), DomainMetrics(domains())
        fit(model, callback)
        callback.domains = {"mosaic": domains()["sketch"]}
        history = fit(model, callback)
        assert {k for k in history if "accuracy/" in k} == {
            f"val_accuracy/{name}" for name in ("mosaic", "worst", "balanced")
        }


class TestErrors:
    @pytest.mark.parametrize("name", ["worst", "balanced"])
    def test_a_domain_with_the_name_of_a_summary(self, name):
        with pytest.raises(ValueError, match=f"No domain .* Received: domain '{name}'"):
            DomainMetrics({"photo": domains()["photo"], name: domains()["sketch"]})

    def test_numbers(self):
        with pytest.raises(ValueError, match="`batch_size` must be a positive integer"):
            DomainMetrics(domains(), batch_size=0)
        with pytest.raises(ValueError, match='`every` must be "epoch" or a positive number'):
            DomainMetrics(domains(), every=0)

    def test_no_domains(self):
        with pytest.raises(ValueError, match="`domains` must be a tuple, list or dict"):
            DomainMetrics(domains()["photo"][0])

    def test_batched_and_infinite_domains(self):
        dataset = tf.data.Dataset.from_tensor_slices(domains()["photo"])
        with pytest.raises(ValueError, match="Every domain must be given unbatched"):
            DomainMetrics({"photo": dataset.batch(2)})
        with pytest.raises(ValueError, match=r"must be finite\. Received: domain 'photo'"):
            DomainMetrics({"photo": dataset.repeat()})
