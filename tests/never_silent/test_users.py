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

    def test_an_objective_remembers_its_domains(self):
        model = compiled(surgeon(net(), objective="group_dro", domains=None))
        fit(model)
        others = {f"{name}_too": data for name, data in domains().items()}
        with pytest.raises(ValueError, match="which GroupDRO remembers"):
            fit(model, others)
        model.reset_training(seed=1)
        fit(model, others)


def test_a_loss_that_is_no_mean_is_told():
    @dataclasses.dataclass(frozen=True)
    class Vector(objectives.Objective):
        def loss(self, batch, y_pred, risk, step):
            return tf.reduce_sum(y_pred**2, axis=-1)

    with pytest.raises(ValueError, match="`loss` of Vector must return a scalar"):
        fit(compiled(surgeon(net(), objective=Vector())))


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda w, s: w, "the domains' weights and the new state. Received: "),
        (lambda w, s: (w, {}), r"a state like the one before, with \['q'\]\. Received: \[\]"),
        (lambda w, s: (w, {**s, "p": 1.0}), r"a state .*, with \['q'\]\. Received: \['q', 'p'\]"),
        (
            lambda w, s: (w, {"q": s["q"][0]}),
            r"a state .*, of `q` a float64 of shape \(3,\)\. Received",
        ),
    ],
)
def test_a_state_that_is_none_is_told(made, message):
    @dataclasses.dataclass(frozen=True)
    class Weighs(objectives.Objective):
        weighs = True

        def initial_state(self, domains):
            return {"q": [1.0] * domains}

        def weigh(self, losses, state, step):
            return made(state["q"], state)

    with pytest.raises(ValueError, match=f"`weigh` of Weighs must return {message}"):
        fit(compiled(surgeon(net(), objective=Weighs())))


def test_a_penalty_may_be_a_number():
    @dataclasses.dataclass(frozen=True)
    class Nothing(objectives.FeatureObjective):
        def penalty(self, views, risk, step):
            return 0.0

    stack = [keras.Input((FEATURES,)), keras.layers.Dense(3), keras.layers.Dense(CLASSES)]
    keras.utils.set_random_seed(0)
    model = keras.Sequential(stack)
    before = copies(model)
    fit(compiled(surgeon(model, "mean", Nothing())))
    assert_moved(before, model)


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


class Unlisted(keras.Model):
    """A subclassed network, which tells neither inputs nor outputs."""

    def __init__(self):
        super().__init__()
        self.head = keras.layers.Dense(CLASSES, kernel_initializer=keras.initializers.Ones())

    def call(self, x):
        return self.head(x)


class TestLossScale:
    def moved(self, build):
        x, y = batch()
        model = surgeon(Unlisted())
        scaler = keras.optimizers.LossScaleOptimizer(
            keras.optimizers.SGD(0.1), initial_scale=8.0, dynamic_growth_steps=2
        )
        compiled(model, optimizer=scaler, jit_compile=False)
        model.net(x[:1])
        if build:
            scaler.build(model.trainable_variables)
        for _ in range(6):
            model.train_on_batch(x, y)
        return model.get_weights()

    def test_is_not_frozen_into_what_is_traced(self):
        assert_same_weights(self.moved(build=False), self.moved(build=True))


class TestSlices:
    """What `fit` hands to Keras in parts."""

    def test_of_validation_data(self):
        x, y = batch()
        model = compiled(surgeon(net()), metrics=["accuracy"])
        # The last of 9 samples that are left is one of three.
        with pytest.raises(ValueError, match="as many samples of each of the 3 domains"):
            model.fit(x, y, batch_size=6, validation_split=0.34, shuffle=False, verbose=0)

    def test_of_an_evaluation_come_in_keras_order(self):
        x, y = batch()
        model = compiled(surgeon(net()), metrics=["accuracy"])
        loss, accuracy, *by_domain = model.evaluate({"a": (x, y)}, verbose=0)
        plain = model.evaluate(x, y, verbose=0)
        np.testing.assert_allclose([loss, accuracy], plain, rtol=1e-6)
        assert len(by_domain) == 2


def test_a_list_of_callbacks_may_be_given_twice():
    history = keras.callbacks.History()
    model = compiled(surgeon(net()))
    callbacks = keras.callbacks.CallbackList([history], model=model)
    fit(model, validation_data={"v": batch()}, callbacks=callbacks)
    assert callbacks.callbacks == [history]
    assert "val_loss/v" in history.history
    fit(model, validation_data=batch(), callbacks=callbacks)
    assert len(history.history["val_loss/v"]) == 1


def test_irm_starts_the_optimizer_anew_in_time_or_not_at_all():
    x, y = batch()
    stream = tf.data.Dataset.from_tensors((x, y)).repeat(6)
    model = surgeon(net(), "mean", objectives.IRM(1.0, 8))
    compiled(model, jit_compile=False, steps_per_execution=4)
    model.fit(stream, shuffle=False, verbose=0)
    with pytest.raises(ValueError, match=r"must not run past .* IRM .* 8; .* with 2 left"):
        model.fit(stream, shuffle=False, verbose=0)


class TestMixup:
    def test_sees_the_logits_of_a_saturated_softmax(self):
        """Confidently wrong: probabilities that are clipped have no gradient."""
        stack = [keras.Input((1,)), keras.layers.Dense(2, activation="softmax")]
        head = keras.Sequential(stack)
        head.set_weights([np.array([[200.0, -200.0]]), np.zeros(2)])
        model = compiled(
            surgeon(head, "mean", "mixup", seed=0), loss="sparse_categorical_crossentropy"
        )
        before = copies(model)
        model.train_on_batch(np.ones((6, 1), "float32"), np.ones(6, "int32"))
        np.testing.assert_allclose(before[1] - model.get_weights()[1], [0.1, -0.1], rtol=1e-4)

    def test_logs_what_it_minimises_of_each_output(self):
        inputs = keras.Input((FEATURES,))
        heads = [keras.layers.Dense(CLASSES, name=name)(inputs) for name in ("one", "two")]
        x, y = batch()
        model = compiled(surgeon(keras.Model(inputs, heads), "mean", "mixup", seed=0))
        logs = model.train_on_batch(x, (y, y), return_dict=True)
        np.testing.assert_allclose(logs["one_loss"] + logs["two_loss"], logs["loss"], rtol=1e-5)

    def test_is_of_dense_inputs(self):
        ids = tf.ragged.constant([[1.0], [2.0, 3.0]] * 3)
        seed = tf.constant([0, 0], tf.int64)
        with pytest.raises(ValueError, match=r"dense ones\. Received: a RaggedTensor"):
            objectives.Mixup().prepare(objectives.Batch(ids, None, None), 3, seed)


def test_a_fold_may_have_parts_that_are_none():
    @dataclasses.dataclass(frozen=True)
    class Sum(strategies.FoldStrategy):
        def start(self, gradient):
            return gradient, None

        def add(self, state, gradient):
            return [a + b for a, b in zip(state[0], gradient, strict=True)], None

        def finish(self, state, step):
            return state[0]

    together, in_turn = (
        compiled(surgeon(net(), Sum(), seed=0, in_turn=turn)) for turn in (False, True)
    )
    for model in (together, in_turn):
        fit(model)
    assert_same_weights(together, in_turn)


@pytest.mark.parametrize("kind", ["ragged", "sparse"])
def test_gradient_agreement_draws_of_rows(kind):
    x, y = batch()
    rows = tf.RaggedTensor.from_tensor(x) if kind == "ragged" else tf.sparse.from_dense(x)
    dense = keras.layers.Lambda(lambda t: t.to_tensor(shape=(None, FEATURES)))
    start = [keras.Input((FEATURES,), ragged=True), dense]
    if kind == "sparse":
        start = [keras.Input((FEATURES,), sparse=True)]
    model = compiled(keras.Sequential([*start, keras.layers.Dense(CLASSES)]))
    model(rows)
    agreement = dg_keras.callbacks.GradientAgreement({"a": (rows, y), "b": (rows, y)}, every=1)
    stream = tf.data.Dataset.from_tensor_slices((rows, y)).batch(6)
    model.fit(stream, shuffle=False, verbose=0, callbacks=[agreement])
    np.testing.assert_allclose(agreement.measurements["gradient/agreement"], 1.0)
