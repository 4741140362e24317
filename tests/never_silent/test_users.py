"""What users of every kind ran into."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

import dg_keras
from dg_keras import objectives, strategies
from tests.never_silent.vectors import (
    CLASSES,
    FEATURES,
    N,
    assert_moved,
    assert_same_weights,
    batch,
    compiled,
    copies,
    domains,
    net,
    surgeon,
)


def fit(model, data=None, **arguments):
    arguments = {"batch_size": 4, "steps_per_epoch": 1, "verbose": 0, **arguments}
    return model.fit(domains() if data is None else data, **arguments)


def test_trainable_batch_norm_is_warned_of():
    stack = [keras.layers.BatchNormalization(), keras.layers.Dense(CLASSES)]
    model = compiled(surgeon(keras.Sequential([keras.Input((FEATURES,)), *stack])))
    with pytest.warns(UserWarning, match="BatchNormalization.*Freeze them"):
        fit(model)


class TestNames:
    def test_another_order_is_the_same_domains(self):
        data = domains()
        turned = {name: data[name] for name in reversed(data)}
        eta = objectives.GroupDRO(eta=1.0)
        first, second = (
            compiled(surgeon(net(), "mean", eta, domains=list(data), seed=0)) for _ in range(2)
        )
        fit(first, data, steps_per_epoch=3)
        fit(second, turned, steps_per_epoch=3)
        assert_same_weights(first, second, tolerance=0)
        np.testing.assert_array_equal(first.objective_state["q"], second.objective_state["q"])

    def test_names_that_were_given_are_meant(self):
        model = compiled(surgeon(net(), domains=["a", "b", "hospital"]))
        with pytest.raises(ValueError, match=r"a, b, hospital, which .* given. Received: a, b, c"):
            fit(model)

    def test_an_objective_remembers_its_domains(self):
        model = compiled(surgeon(net(), objective="group_dro", domains=None))
        fit(model)
        others = {f"{name}_too": data for name, data in domains().items()}
        with pytest.raises(ValueError, match="which GroupDRO remembers"):
            fit(model, others)
        model.reset_training(seed=1)
        fit(model, others)

    def test_interleaved_domains_are_counted(self):
        batches = dg_keras.data.interleave(domains(), 4)
        model = compiled(surgeon(net(), domains=2))
        with pytest.raises(ValueError, match=r"as many domains as the model: 2 .*Received: 3"):
            model.fit(batches, steps_per_epoch=1, shuffle=False, verbose=0)

    def test_interleaved_domains_have_no_end(self):
        batches = dg_keras.data.interleave(domains(), 4)
        model = compiled(surgeon(net()))
        with pytest.raises(ValueError, match="`steps_per_epoch` must be given"):
            model.fit(batches, shuffle=False, verbose=0)

    @pytest.mark.parametrize("how", [{"domains": True}, {"in_turn": "yes"}, {"domains": ["", "a"]}])
    def test_slips(self, how):
        with pytest.raises(ValueError, match=f"`{next(iter(how))}` must be"):
            dg_keras.DomainGeneralizer(net(), **how)


def test_a_loss_that_is_no_mean_is_told():
    @dataclasses.dataclass(frozen=True)
    class Vector(objectives.Objective):
        def loss(self, batch, y_pred, risk, step):
            return tf.reduce_sum(y_pred**2, axis=-1)

    with pytest.raises(ValueError, match="`loss` of Vector must return a scalar"):
        fit(compiled(surgeon(net(), objective=Vector())))


def test_weights_of_an_objective_say_what_they_need(tmp_path):
    model = compiled(surgeon(net(), objective="group_dro"))
    fit(model)
    model.save_weights(tmp_path / "dro.weights.h5")
    other = compiled(surgeon(net(), objective="group_dro", domains=None))
    with pytest.raises(ValueError, match="give `domains` to DomainGeneralizer"):
        other.load_weights(tmp_path / "dro.weights.h5")
    same = compiled(surgeon(net(), objective="group_dro"))
    same.load_weights(tmp_path / "dro.weights.h5")
    np.testing.assert_array_equal(same.objective_state["q"], model.objective_state["q"])


def test_mldg_trains_layers_that_hold_a_generator_they_do_not_use():
    stack = [keras.layers.Reshape((FEATURES, 1)), keras.layers.LSTM(3), keras.layers.Dense(CLASSES)]
    model = compiled(surgeon(keras.Sequential([keras.Input((FEATURES,)), *stack]), "mean", "mldg"))
    before = copies(model)
    fit(model)
    assert_moved(before, model)


def test_class_weight_may_leave_classes_out():
    weights = {0: 2.0, 1: 0.5}
    whole, part = (compiled(surgeon(net(), seed=0)) for _ in range(2))
    fit(whole, class_weight={**weights, 2: 1.0, 3: 1.0})
    fit(part, class_weight=weights)
    assert_same_weights(whole, part, tolerance=0)


class TestNotOnlyInFit:
    def labelled(self):
        data = domains()
        data["b"][1][0] = CLASSES
        return data

    def test_labels_to_validate_on(self):
        model = compiled(surgeon(net()))
        with pytest.raises(ValueError, match="label 4 in domain 'b'"):
            fit(model, validation_data=self.labelled())
        with pytest.raises(ValueError, match="label 4 in domain 'b'"):
            model.evaluate(self.labelled(), verbose=0)

    def test_domains_to_predict(self):
        with pytest.raises(ValueError, match=r"not domains.*Received: domains a, b, c"):
            compiled(surgeon(net())).predict(domains())


class TestFirstTries:
    """What someone types who has not read the README."""

    @pytest.mark.parametrize(
        "arguments",
        [batch(), (batch(),), ([list(batch()), list(batch())],)],
        ids=["arrays", "tuple", "lists"],
    )
    def test_of_one_data_set(self, arguments):
        model = compiled(surgeon(net(), domains=None))
        with pytest.raises(ValueError, match=r"`x` must be domains.*`domains` must be given"):
            model.fit(*arguments, verbose=0)

    def test_of_labels_from_pandas(self):
        x, y = batch()
        with pytest.raises(ValueError, match="domain 'a' holds an array of Python objects"):
            fit(compiled(surgeon(net(), domains=None)), {"a": (x, y.astype(object))})

    @pytest.mark.parametrize(
        ("strategy", "message"),
        [
            ("Agr_Sum", "mean, agr_sum, agr_rand, pcgrad.*nearest: agr_sum"),
            (strategies.AgrSum, "must be an instance.*call it"),
            ({"class_name": "agr_rand", "config": {"sed": 1}}, "takes seed, zero_agrees.*sed"),
        ],
    )
    def test_of_a_strategy(self, strategy, message):
        with pytest.raises(ValueError, match=message):
            surgeon(net(), strategy)


def test_one_replica_is_as_none():
    def trained():
        model = compiled(surgeon(net(), seed=0), jit_compile=False)
        fit(model, steps_per_epoch=2)
        return model.net

    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        mirrored = trained()
    assert_same_weights(mirrored, trained())


def test_domain_metrics_know_the_metrics_of_a_mode():
    metrics = dg_keras.callbacks.DomainMetrics(domains(), mode={"acc": "max"})
    with pytest.raises(ValueError, match=r"`mode` must name metrics.*Received: acc"):
        fit(compiled(surgeon(net(), domains=N), metrics=["accuracy"]), callbacks=[metrics])
