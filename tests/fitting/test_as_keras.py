"""What Keras takes, a DomainGeneralizer takes, and what it can't is told before it trains."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import dg_keras
from dg_keras.data import interleave

FEATURES, CLASSES = 4, 3
RNG = np.random.default_rng(0)
X = RNG.normal(size=(24, FEATURES)).astype("float32")
Y = RNG.integers(CLASSES, size=24)
DOMAINS = {"photo": (X[:12], Y[:12]), "sketch": (X[12:], Y[12:])}


def net(**first):
    keras.utils.set_random_seed(0)
    layers = [keras.Input((FEATURES,)), keras.layers.Dense(CLASSES, "softmax", **first)]
    return keras.Sequential(layers)


def compiled(model, **how):
    model.compile(keras.optimizers.SGD(0.1), loss="sparse_categorical_crossentropy", **how)
    return model


class Weighed(dg_keras.DomainGeneralizer):
    """Learns a factor of its loss, and counts how often it was computed."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.log_factor = self.add_weight(shape=(), initializer="zeros", name="log_factor")
        self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        self.calls.assign_add(1.0)
        loss = super().compute_loss(x, y, y_pred, sample_weight, training)
        return loss * keras.ops.exp(-self.log_factor) + self.log_factor


class TestASubclass:
    @pytest.mark.parametrize("ending", ["weights.h5", "keras"])
    def test_has_its_own_weights_saved(self, tmp_path, ending):
        model = compiled(Weighed(net(), "agr_sum", domains=2))
        model.fit(DOMAINS, batch_size=4, verbose=0)
        assert model.log_factor.numpy() != 0
        path = tmp_path / f"model.{ending}"
        if ending == "keras":
            model.save(path)
            again = keras.models.load_model(path, custom_objects={"Weighed": Weighed})
        else:
            model.save_weights(path)
            again = compiled(Weighed(net(), "agr_sum", domains=2))
            again.fit(DOMAINS, batch_size=4, verbose=0)
            again.load_weights(path)
        assert again.log_factor.numpy() == model.log_factor.numpy()
        assert again.calls.numpy() == model.calls.numpy() > 0

    def test_may_leave_keras_metrics_out(self):
        class Own(dg_keras.DomainGeneralizer):
            @property
            def metrics(self):
                return []

        model = compiled(Own(net(), "mean"))
        before = model.net.get_weights()
        history = model.fit(DOMAINS, batch_size=4, verbose=0).history
        assert sorted(history) == ["loss/photo", "loss/sketch"]
        assert int(model.step.numpy()) == 3
        assert (before[0] != model.net.get_weights()[0]).any()

    def test_whose_metrics_leave_the_loss_out_is_validated_by_domain(self):
        class Own(dg_keras.DomainGeneralizer):
            @property
            def metrics(self):
                return [metric for metric in super().metrics if metric.name != "loss"]

        model = compiled(Own(net(), "mean"), metrics=["accuracy"])
        history = model.fit(DOMAINS, batch_size=4, verbose=0, validation_data=DOMAINS).history
        assert {"val_accuracy/photo", "val_accuracy/sketch"} <= history.keys()

    def test_with_a_call_of_its_own_is_exported_with_it(self, tmp_path):
        class Doubled(dg_keras.DomainGeneralizer):
            def call(self, x):
                return 2 * self.net(x)

        model = compiled(Doubled(net(), "mean"))
        model.fit(DOMAINS, batch_size=4, verbose=0)
        expected = model.predict(X, verbose=0)
        model.export(tmp_path / "exported", verbose=False)
        exported = tf.saved_model.load(str(tmp_path / "exported"))
        np.testing.assert_allclose(exported.serve(X), expected, rtol=1e-6)

    def test_whose_loss_xla_may_not_know_is_not_compiled_by_it(self):
        class Own(dg_keras.DomainGeneralizer):
            def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
                told = tf.numpy_function(lambda value: value, [y_pred], tf.float32)
                with tf.control_dependencies([told]):
                    return super().compute_loss(x, y, y_pred, sample_weight, training)

        model = compiled(Own(net(), "agr_sum"))
        model.fit(DOMAINS, batch_size=4, verbose=0)
        assert int(model.step.numpy()) == 3


class TestANet:
    @pytest.mark.parametrize("method", ["test_step", "predict_step", "compute_metrics"])
    def test_that_does_what_keras_does_itself_is_refused(self, method):
        kind = type("Own", (keras.Sequential,), {method: lambda *_, **__: None})
        own = kind([keras.Input((FEATURES,)), keras.layers.Dense(CLASSES)])
        with pytest.raises(ValueError, match=f"`net` must leave `{method}` to Keras"):
            dg_keras.DomainGeneralizer(own)

    def test_with_metrics_of_its_own_is_refused(self):
        class Own(keras.Sequential):
            def __init__(self, layers):
                super().__init__(layers)
                self.kl = keras.metrics.Mean(name="kl")

        own = Own([keras.Input((FEATURES,)), keras.layers.Dense(CLASSES)])
        with pytest.raises(ValueError, match=r"`net` must have no metrics of its own.* with kl"):
            dg_keras.DomainGeneralizer(own)

    def test_that_was_trained_by_itself_is_taken(self):
        own = compiled(net(), metrics=["accuracy"])
        own.fit(X, Y, verbose=0)
        compiled(dg_keras.DomainGeneralizer(own, "mean")).fit(DOMAINS, verbose=0)


class TestSteps:
    def test_of_an_epoch_are_whole_executions(self):
        model = compiled(dg_keras.DomainGeneralizer(net()), steps_per_execution=2)
        told = "steps_per_epoch=3, steps_per_execution=2"
        data = interleave(DOMAINS, 4, seed=0)
        for x, how in ((DOMAINS, {"batch_size": 4}), (data, {"shuffle": False})):
            with pytest.raises(ValueError, match=f"`steps_per_epoch` must be .*{told}"):
                model.fit(x, steps_per_epoch=3, verbose=0, **how)
        model.fit(DOMAINS, batch_size=4, verbose=0)  # of three steps, in two executions
        assert int(model.step.numpy()) == 4

    def test_of_arrays_that_are_interleaved_are_cut_as_keras_does(self):
        model = compiled(dg_keras.DomainGeneralizer(net(), "mean", domains=2))
        with pytest.raises(ValueError, match="Received: 5 samples"):
            model.fit(X, Y, steps_per_epoch=5, shuffle=False, verbose=0)
        model.fit(X, Y, steps_per_epoch=4, shuffle=False, verbose=0)  # of six samples
        assert int(model.step.numpy()) == 4

    def test_are_validated_on_batches_of_the_same_size(self):
        sizes = []

        class Noting(keras.callbacks.Callback):
            def on_test_batch_end(self, batch, logs=None):
                sizes.append(batch)

        model = compiled(dg_keras.DomainGeneralizer(net()))
        model.fit(
            *(DOMAINS, None, 4),
            validation_data=(X, Y),
            validation_steps=2,
            verbose=0,
            callbacks=[Noting()],
        )
        assert sizes == [0, 1]
        whole = model.evaluate(X[:8], Y[:8], 4, 0)
        assert model.history.history["val_loss"][0] == pytest.approx(whole, rel=1e-5)

    def test_are_told_as_keras_is_told(self):
        model = compiled(dg_keras.DomainGeneralizer(net()))
        model.fit(DOMAINS, None, 4, 2, 0, [])
        assert int(model.step.numpy()) == 6

    @pytest.mark.parametrize("freq", [(1, 2), {1}])
    def test_validation_freq_is_what_keras_takes(self, freq):
        model = compiled(dg_keras.DomainGeneralizer(net()))
        with pytest.raises(ValueError, match="validation_freq"):
            model.fit(DOMAINS, validation_data=(X, Y), validation_freq=freq, verbose=0)


def several(rate=0.01):
    """An optimizer for the kernels, and another for the rest."""
    if not hasattr(keras.optimizers, "MultiOptimizer"):
        pytest.skip("this Keras has none")
    kernels = {".*kernel": keras.optimizers.SGD(rate)}
    of_each = keras.optimizers.OptimizerMap(keras.optimizers.Adam(0.1), kernels)
    return keras.optimizers.MultiOptimizer(of_each)


class TestOptimizers:
    def test_several_train_as_in_plain_keras(self):
        plain, model = net(), dg_keras.DomainGeneralizer(net(), "mean", domains=2)
        for one in (plain, model):
            one.compile(several(), loss="sparse_categorical_crossentropy")
            one.fit(X, Y, batch_size=12, epochs=3, shuffle=False, verbose=0)
        for of_plain, of_model in zip(plain.get_weights(), model.net.get_weights(), strict=True):
            np.testing.assert_allclose(of_plain, of_model, atol=1e-6)

    def test_several_with_a_rate_that_is_infinite_are_told(self):
        model = dg_keras.DomainGeneralizer(net(), "mean")
        model.compile(several(lambda: tf.constant(np.inf)), loss="sparse_categorical_crossentropy")
        with pytest.raises(dg_keras.NonfiniteError, match="a learning rate of inf at step 0"):
            model.fit(DOMAINS, batch_size=4, verbose=0)

    @pytest.mark.parametrize("kind", ["function", "schedule", "variable"])
    def test_of_any_rate_start_anew(self, kind):
        """As one that is made by hand at that step, of the same rate."""

        class Halved(keras.optimizers.schedules.LearningRateSchedule):
            def __call__(self, step):
                return tf.where(step < 1, 0.1, 0.05)

        def adam():
            return keras.optimizers.Adam(
                {"function": lambda: 0.1, "schedule": Halved()}.get(kind, 0.1)
            )

        def trained(anneal_steps, by_hand):
            objective = dg_keras.objectives.VREx(penalty_weight=1.0, anneal_steps=anneal_steps)
            model = dg_keras.DomainGeneralizer(net(), "mean", objective, domains=2)
            model.compile(adam(), loss="sparse_categorical_crossentropy")
            model.fit(X, Y, batch_size=24, epochs=3, shuffle=False, verbose=0)
            if by_hand:
                model.compile(adam(), loss="sparse_categorical_crossentropy")
            model.fit(X, Y, batch_size=24, epochs=2, shuffle=False, verbose=0)
            return model.net.get_weights()

        for a, b in zip(trained(3, False), trained(1000, True), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-6)

    def test_start_anew_though_layers_were_frozen_meanwhile(self):
        top = keras.layers.Dense(CLASSES, "softmax")
        deep = keras.Sequential([keras.Input((FEATURES,)), keras.layers.Dense(5), top])
        objective = dg_keras.objectives.VREx(anneal_steps=4)
        model = dg_keras.DomainGeneralizer(deep, "mean", objective, domains=2)
        adam = keras.optimizers.Adam(0.1)
        model.compile(adam, loss="sparse_categorical_crossentropy")
        model.fit(X, Y, batch_size=24, epochs=2, shuffle=False, verbose=0)
        deep.layers[0].trainable = False
        model.compile(adam, loss="sparse_categorical_crossentropy")
        model.fit(X, Y, batch_size=24, epochs=3, shuffle=False, verbose=0)
        assert int(adam.iterations.numpy()) == 1

    def test_that_cannot_be_made_anew_are_told_before_training(self):
        class Own(keras.optimizers.SGD):
            def __init__(self, rate):
                super().__init__(rate)

        model = dg_keras.DomainGeneralizer(net(), "mean", "vrex")
        model.compile(Own(0.1), loss="sparse_categorical_crossentropy")
        before = model.net.get_weights()
        with pytest.raises(
            ValueError, match=r"can make anew, as VREx wants. Received: Own, with TypeE"
        ):
            model.fit(DOMAINS, batch_size=4, verbose=0)
        np.testing.assert_array_equal(before[0], model.net.get_weights()[0])

    def test_whose_config_asks_for_their_rate_start_anew(self):
        class Own(keras.optimizers.SGD):
            def get_config(self):
                return {**super().get_config(), "learning_rate": float(self.learning_rate.numpy())}

        objective = dg_keras.objectives.VREx(anneal_steps=2)
        model = dg_keras.DomainGeneralizer(net(), "mean", objective)
        model.compile(Own(0.125), loss="sparse_categorical_crossentropy")
        model.fit(DOMAINS, batch_size=4, verbose=0)
        assert int(model.optimizer.iterations.numpy()) == 1
        assert model.optimizer.learning_rate.numpy() == 0.125

    def test_several_are_refused_where_one_rate_is_wanted(self):
        model = dg_keras.DomainGeneralizer(net(), "mean", "mldg")
        model.compile(several(), loss="sparse_categorical_crossentropy")
        with pytest.raises(
            ValueError, match=r"one learning rate for MLDG, .* Received: MultiOptimizer"
        ):
            model.fit(DOMAINS, batch_size=4, verbose=0)


class TestNames:
    def interleaved(self, *names):
        return interleave({name: DOMAINS[name] for name in names}, 4, seed=0)

    def test_are_taken_over_though_something_is_remembered(self, tmp_path):
        trained = compiled(dg_keras.DomainGeneralizer(net(), "grad_vac", domains=2))
        data = self.interleaved("photo", "sketch")
        how = {"steps_per_epoch": 2, "shuffle": False, "verbose": 0}
        trained.fit(data.map(lambda *batch: batch), **how)  # which has no names
        trained.save_weights(tmp_path / "a.weights.h5")
        model = compiled(dg_keras.DomainGeneralizer(net(), "grad_vac", domains=2))
        model.optimizer.build(model.trainable_variables)
        model.load_weights(tmp_path / "a.weights.h5")
        model.fit(data, **how)
        assert model.domain_names == ("photo", "sketch")
        with pytest.raises(ValueError, match="which GradVac remembers"):
            model.fit(self.interleaved("sketch", "photo"), **how)

    def test_in_another_order_than_was_given_are_told(self):
        model = compiled(dg_keras.DomainGeneralizer(net(), domains=["photo", "sketch"]))
        with pytest.raises(ValueError, match=r"in this order, which .*: sketch, photo"):
            model.fit(
                self.interleaved("sketch", "photo"), steps_per_epoch=2, shuffle=False, verbose=0
            )
        model.fit(self.interleaved("photo", "sketch"), steps_per_epoch=2, shuffle=False, verbose=0)

    def test_are_those_of_the_data_set_where_none_were_given(self):
        model = compiled(dg_keras.DomainGeneralizer(net(), domains=2))
        data = self.interleaved("sketch", "photo")
        history = model.fit(data, steps_per_epoch=2, shuffle=False, verbose=0).history
        assert sorted(history) == ["loss", "loss/photo", "loss/sketch"]
        assert model.domain_names == ("sketch", "photo")

    def test_that_were_given_bind_a_model_that_was_loaded_too(self, tmp_path):
        model = compiled(dg_keras.DomainGeneralizer(net(), "mean", domains=["photo", "sketch"]))
        model.fit(DOMAINS, batch_size=4, verbose=0)
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        with pytest.raises(ValueError, match="photo, sketch, which DomainGeneralizer was given"):
            loaded.fit({"a": DOMAINS["photo"], "b": DOMAINS["sketch"]}, batch_size=4, verbose=0)

    def test_that_are_the_same_are_told_by_evaluate(self):
        model = compiled(dg_keras.DomainGeneralizer(net(), "mean"))
        twice = {1: DOMAINS["photo"], "1": DOMAINS["sketch"]}
        with pytest.raises(ValueError, match="different names"):
            model.evaluate(twice, verbose=0)
        with pytest.raises(ValueError, match="different names"):
            model.fit(DOMAINS, validation_data=twice, batch_size=4, verbose=0)


def test_each_domain_is_validated_with_the_weights_of_all():
    """Those that Keras swaps in for the validation alone."""
    model = dg_keras.DomainGeneralizer(net(), "mean")
    averaged = keras.optimizers.SGD(0.5, use_ema=True, ema_momentum=0.9)
    model.compile(averaged, loss="sparse_categorical_crossentropy")
    swap = keras.callbacks.SwapEMAWeights()
    history = model.fit(
        DOMAINS, batch_size=4, epochs=2, validation_data=DOMAINS, callbacks=[swap], verbose=0
    ).history
    of_domains = np.mean([history["val_loss/photo"], history["val_loss/sketch"]], axis=0)
    np.testing.assert_allclose(of_domains, history["val_loss"], rtol=1e-5)


def test_what_the_network_does_not_take_may_be_text():
    image = keras.Input((FEATURES,), name="image")
    keras.utils.set_random_seed(0)
    functional = keras.Model({"image": image}, keras.layers.Dense(CLASSES, "softmax")(image))
    model = compiled(dg_keras.DomainGeneralizer(functional, "agr_sum"), jit_compile=False)
    paths = np.array([f"{i}.png" for i in range(12)])
    data = {name: ({"image": x, "path": paths}, y) for name, (x, y) in DOMAINS.items()}
    with pytest.warns(UserWarning, match="structure"):
        model.fit(data, batch_size=4, verbose=0)


@pytest.mark.parametrize("as_tuple", [False, True])
def test_domains_without_labels_are_one_sentence(as_tuple):
    def stream(x):
        made = tf.data.Dataset.from_tensor_slices(x)
        return made.map(lambda x: (x, None)) if as_tuple else made

    model = compiled(dg_keras.DomainGeneralizer(net(), "mean"))
    with pytest.raises(ValueError, match=r"A domain's elements must be \(x, y\)|must hold labels"):
        model.fit({name: stream(x) for name, (x, _) in DOMAINS.items()}, batch_size=4, verbose=0)


def test_a_label_is_told_of_the_argument_that_has_it():
    model = compiled(dg_keras.DomainGeneralizer(net(), "mean"))
    wrong = {**DOMAINS, "photo": (X[:12], np.full(12, CLASSES))}
    with pytest.raises(ValueError, match=r"label 3 in domain 'photo' of `validation_data`$"):
        model.fit(DOMAINS, validation_data=wrong, batch_size=4, verbose=0)


def test_a_net_in_float8_is_refused_where_domains_have_passes_of_their_own():
    def model(strategy):
        quantized = net()
        quantized.layers[0].quantize("float8")
        return compiled(dg_keras.DomainGeneralizer(quantized, strategy))

    with pytest.raises(ValueError, match="`net` must not be quantized to float8"):
        model("agr_sum").fit(DOMAINS, batch_size=4, verbose=0)
    model("mean").fit(DOMAINS, batch_size=4, verbose=0)  # of one pass, as plain training is


def test_what_a_fault_advises_can_be_followed(tmp_path):
    """A step is left out by a model that goes on from where another one raised."""
    raising = compiled(dg_keras.DomainGeneralizer(net(), "agr_sum", domains=2))
    raising.fit(DOMAINS, batch_size=4, verbose=0)
    raising.save_weights(tmp_path / "all.weights.h5")
    skipping = dg_keras.DomainGeneralizer(net(), "agr_sum", domains=2, on_nonfinite="skip")
    compiled(skipping).load_weights(tmp_path / "all.weights.h5")
    assert (int(skipping.step.numpy()), skipping.skipped_steps) == (3, 0)
    skipping.fit(DOMAINS, batch_size=4, verbose=0)
    skipping.save_weights(tmp_path / "all.weights.h5")
    raising.load_weights(tmp_path / "all.weights.h5")
    assert int(raising.step.numpy()) == 6


@pytest.mark.parametrize("form", ["numpy_array", "backend_tensor"])
def test_a_state_that_is_put_back_goes_on_as_the_model_that_it_is_of(form):
    """As Keras' OrbaxCheckpoint writes it."""

    def model():
        keras.utils.clear_session(free_memory=False)  # a tree has the paths of variables
        surgeon = dg_keras.DomainGeneralizer(net(), "grad_vac", "group_dro", domains=2, seed=0)
        return compiled(surgeon)

    first, second = model(), model()
    first.fit(DOMAINS, batch_size=4, verbose=0)
    second.fit(DOMAINS, batch_size=4, steps_per_epoch=1, verbose=0)
    kept = keras.tree.map_structure(np.copy, first.get_state_tree(form))
    # Those of Keras' own parts, as its loader does.
    second.set_state_tree({key: of for key, of in kept.items() if key.endswith("_variables")})
    for one in (first, second):
        one.fit(DOMAINS, batch_size=4, verbose=0)
    assert int(second.step.numpy()) == 6
    np.testing.assert_array_equal(first.objective_state["q"], second.objective_state["q"])
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("strategy", ["mean", "agr_sum", "pcgrad"])
def test_numbers_may_be_checked_by_tensorflow(strategy):
    """Which ends a step at the first infinity in its graph, be it a constant."""
    model = compiled(dg_keras.DomainGeneralizer(net(), strategy), jit_compile=False)
    tf.debugging.enable_check_numerics()
    try:
        model.fit(DOMAINS, batch_size=4, verbose=0)
    finally:
        tf.debugging.disable_check_numerics()


def test_irm_trains_in_float64():
    keras.config.set_floatx("float64")
    try:
        model = dg_keras.DomainGeneralizer(net(), "mean", "irm")
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.1), loss)
        data = {name: (x.astype("float64"), y) for name, (x, y) in DOMAINS.items()}
        assert np.isfinite(model.fit(data, batch_size=4, verbose=0).history["loss"]).all()
    finally:
        keras.config.set_floatx("float32")


def test_evaluating_domains_leaves_the_metrics_of_all_samples():
    model = compiled(dg_keras.DomainGeneralizer(net()), metrics=["accuracy"])
    results = model.evaluate(DOMAINS, return_dict=True, verbose=0)
    assert float(model.get_metrics_result()["loss"]) == results["loss"]
    assert results["loss/photo"] != results["loss/sketch"]


def test_a_class_that_the_loss_ignores_and_weights_are_told_before_training():
    model = dg_keras.DomainGeneralizer(net(), domains=2)
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(ignore_class=-1))
    for x in (DOMAINS, interleave(DOMAINS, 4, seed=0)):
        with pytest.raises(ValueError, match="`class_weight` must be None where the loss ignores"):
            model.fit(x, class_weight={0: 2.0}, steps_per_epoch=2, shuffle=False, verbose=0)


def test_batches_whose_weights_are_none():
    def batches():
        for _ in range(3):
            yield X[:8], Y[:8], None

    model = compiled(dg_keras.DomainGeneralizer(net(), domains=2))
    model.fit(batches(), steps_per_epoch=3, shuffle=False, verbose=0)
    assert int(model.step.numpy()) == 3


def test_an_input_that_is_left_out():
    keras.utils.set_random_seed(0)
    inputs = [
        keras.Input((FEATURES,), name="left_out", optional=True),
        keras.Input((FEATURES,), name="given"),
    ]

    class First(keras.layers.Layer):
        def call(self, left_out, given):
            return given if left_out is None else left_out

    outputs = keras.layers.Dense(CLASSES, "softmax")(First()(*inputs))
    model = dg_keras.DomainGeneralizer(keras.Model(inputs, outputs), "mean", domains=2)
    compiled(model)
    with pytest.raises(ValueError, match="`shuffle` must be False"):
        model.fit([None, X], Y, batch_size=8, verbose=0)
    model.fit([None, X], Y, batch_size=8, shuffle=False, verbose=0)
    assert int(model.step.numpy()) == 3
    batches = (batch for batch in [((None, X), Y)])
    model.fit(batches, steps_per_epoch=1, shuffle=False, verbose=0)
    assert int(model.step.numpy()) == 4
