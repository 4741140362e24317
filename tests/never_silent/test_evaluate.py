"""Domains where Keras evaluates: pooled, and each beside."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.never_silent.vectors import (
    SAMPLES,
    batch,
    compiled,
    domains,
    net,
    surgeon,
    two_inputs,
)

KINDS = {
    "arrays": lambda domain: domain,
    "datasets": lambda domain: tf.data.Dataset.from_tensor_slices(domain),
}
kinds = pytest.mark.parametrize("kind", KINDS)


def made(kind, **arguments):
    return {name: KINDS[kind](domain) for name, domain in domains(**arguments).items()}


def weighted():
    rng = np.random.default_rng(9)
    return {
        name: (x, y, rng.uniform(0.2, 3.0, len(y)).astype("float32"))
        for name, (x, y) in domains(seed=5).items()
    }


def model(**arguments):
    return compiled(surgeon(net(), domains=None, **arguments), metrics=["accuracy"])


def results(trained, domain):
    """What plain Keras says of arrays, all in one batch."""
    x, y, *weight = domain
    plain = compiled(trained.net, metrics=["accuracy"])
    return plain.test_on_batch(x, y, weight[0] if weight else None, return_dict=True)


def expected(trained, by_domain):
    """The pooled results, and each domain's, of arrays."""
    pooled = tuple(np.concatenate(parts) for parts in zip(*by_domain.values(), strict=True))
    values = results(trained, pooled)
    for name, domain in by_domain.items():
        values |= {f"{key}/{name}": v for key, v in results(trained, domain).items()}
    return values


def assert_values(found, wanted):
    assert set(found) == set(wanted)
    for name, value in wanted.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-5, err_msg=name)


class TestEvaluate:
    @kinds
    def test_dict(self, kind):
        trained = model()
        found = trained.evaluate(made(kind), batch_size=4, verbose=0, return_dict=True)
        wanted = expected(trained, domains())
        assert set(wanted) >= {"loss", "accuracy", "loss/a", "accuracy/c"}
        assert_values(found, wanted)

    @pytest.mark.parametrize(("kind", "collection"), [("arrays", tuple), ("datasets", list)])
    def test_without_names(self, kind, collection):
        trained = model()
        found = trained.evaluate(
            collection(made(kind).values()), batch_size=4, verbose=0, return_dict=True
        )
        numbered = {str(i): domain for i, domain in enumerate(domains().values())}
        assert_values(found, expected(trained, numbered))

    def test_one_domain(self):
        trained = model()
        only = {"a": domains()["a"]}
        found = trained.evaluate(only, verbose=0, return_dict=True)
        assert_values(found, expected(trained, only))

    @kinds
    def test_weights_of_samples(self, kind):
        trained = model()
        data = {name: KINDS[kind](domain) for name, domain in weighted().items()}
        found = trained.evaluate(data, batch_size=4, verbose=0, return_dict=True)
        assert_values(found, expected(trained, weighted()))

    def test_in_a_graph(self):
        trained = compiled(surgeon(net(), domains=None), metrics=["accuracy"], jit_compile=False)
        found = trained.evaluate(domains(), batch_size=4, verbose=0, return_dict=True)
        assert_values(found, expected(trained, domains()))

    def test_nested_arrays_stay_keras_own(self):
        trained = compiled(surgeon(two_inputs(), domains=None))
        x = {"left": batch(seed=1)[0], "right": batch(seed=2)[0]}
        y = batch()[1]
        found = trained.evaluate(x, y, verbose=0, return_dict=True)
        plain = compiled(trained.net).evaluate(x, y, verbose=0)
        assert found == {"loss": pytest.approx(plain, rel=1e-5)}

    def test_an_infinite_domain(self):
        stream = tf.data.Dataset.from_tensor_slices(batch()).repeat()
        with pytest.raises(ValueError, match=r"(?s)finite.*endless|endless.*finite"):
            model().evaluate({"endless": stream, "a": domains()["a"]}, verbose=0)


class TestValidation:
    def fit(self, trained, data, epochs=1, **arguments):
        return trained.fit(
            domains(),
            batch_size=4,
            steps_per_epoch=1,
            epochs=epochs,
            validation_data=data,
            verbose=0,
            **arguments,
        ).history

    @kinds
    def test_dict(self, kind):
        trained = model()
        history = self.fit(trained, made(kind, seed=5))
        wanted = {f"val_{k}": v for k, v in expected(trained, domains(seed=5)).items()}
        assert set(wanted) >= {"val_loss", "val_accuracy", "val_loss/b", "val_accuracy/a"}
        found = {k: v[-1] for k, v in history.items() if k.startswith("val_")}
        assert_values(found, wanted)
        assert {"loss", "loss/a", "loss/b", "loss/c", "accuracy"} < set(history)

    @pytest.mark.parametrize(("kind", "collection"), [("arrays", tuple), ("datasets", list)])
    def test_without_names_they_are_numbered(self, kind, collection):
        trained = model()
        history = self.fit(trained, collection(made(kind, seed=5).values()))
        numbered = {
            f"val_{k}": v
            for k, v in expected(
                trained, {str(i): d for i, d in enumerate(domains(seed=5).values())}
            ).items()
        }
        found = {k: v[-1] for k, v in history.items() if k.startswith("val_")}
        assert_values(found, numbered)

    def test_domains_of_other_names_and_another_number(self):
        trained = model()
        others = {"x": batch(8, seed=8), "y": batch(10, seed=9)}
        history = self.fit(trained, others)
        wanted = {f"val_{k}": v for k, v in expected(trained, others).items()}
        assert_values({k: v[-1] for k, v in history.items() if k.startswith("val_")}, wanted)

    def test_is_seen_by_callbacks(self):
        trained = compiled(
            surgeon(net(), domains=None),
            optimizer=keras.optimizers.SGD(0.0),
            metrics=["accuracy"],
        )
        stopping = keras.callbacks.EarlyStopping(monitor="val_accuracy/a", mode="max", patience=2)
        history = self.fit(trained, domains(seed=5), epochs=9, callbacks=[stopping])
        # Nothing changes: the first epoch is the best.
        assert len(history["val_accuracy/a"]) == 3

    def test_is_as_often_as_it_shall_be(self):
        history = self.fit(model(), domains(seed=5), epochs=4, validation_freq=2)
        assert len(history["loss"]) == 4
        assert len(history["val_loss"]) == len(history["val_accuracy/b"]) == 2

    def test_one_data_set_stays_keras_own(self):
        trained = model()
        x, y = batch(SAMPLES, seed=9)
        history = self.fit(trained, (x, y))
        assert_values(
            {k: v[-1] for k, v in history.items() if k.startswith("val_")},
            {f"val_{k}": v for k, v in results(trained, (x, y)).items()},
        )


def test_two_inputs_and_two_outputs_to_validate_on_are_keras_own():
    """A tuple of tuples is `(x, y)` where the network has several inputs."""
    x, y = batch()
    trained = compiled(surgeon(two_inputs(outputs=2)), metrics=["accuracy", "accuracy"])
    data = ((x, x), (y, y))
    history = trained.fit(
        {name: data for name in "abc"}, batch_size=4, validation_data=data, verbose=0
    ).history
    assert {"val_loss"} < set(history)
    assert not any("/0" in name for name in history)
