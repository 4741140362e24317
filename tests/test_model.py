"""DomainGeneralizer: plain Keras where it should be, one gradient per domain where it differs."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

import dg_keras
from dg_keras import strategies
from dg_keras.step.moment import Moment
from tests import nets
from tests.nets import alexnet_like, compiled, domains, largest_difference

STRATEGIES = ["mean", "agr_sum", "agr_rand", "pcgrad"]

every_strategy = pytest.mark.parametrize("strategy", STRATEGIES)
with_and_without_xla = pytest.mark.parametrize("jit_compile", [False, True])


def trained(model, steps=2, data=None, batch_size=8, **arguments):
    model.fit(
        domains() if data is None else data,
        batch_size=batch_size,
        steps_per_epoch=steps,
        verbose=0,
        **arguments,
    )
    return model


class TestMeanIsPlainKeras:
    """Deep-All must be what `net.fit` does with the same batches."""

    def assert_same(self, data=None, jit_compile=False, class_weight=None, **net):
        data = domains() if data is None else data
        how = {} if jit_compile is None else {"jit_compile": jit_compile}
        plain = compiled(alexnet_like(**net), **how)
        batches = dg_keras.data.interleave(data, 8, seed=0)
        expected = plain.fit(
            batches, steps_per_epoch=10, shuffle=False, verbose=0, class_weight=class_weight
        ).history
        model = compiled(dg_keras.DomainGeneralizer(alexnet_like(**net), "mean", seed=0), **how)
        before = [w.copy() for w in model.net.get_weights()]
        history = model.fit(
            data, batch_size=8, steps_per_epoch=10, verbose=0, class_weight=class_weight
        ).history
        moved = max(
            np.abs(a - b).max() for a, b in zip(before, model.net.get_weights(), strict=True)
        )
        assert moved > 5e-4
        assert largest_difference(model.net, plain) < 1e-6
        for name, values in expected.items():
            np.testing.assert_allclose(history[name], values, rtol=1e-5)

    def test_as_it_is(self):
        self.assert_same()

    def test_with_class_weight(self):
        self.assert_same(jit_compile=None, class_weight={0: 3.0, 1: 1.0, 2: 0.5, 3: 0.0})

    @with_and_without_xla
    def test_with_regularizers_and_sample_weight(self, jit_compile):
        self.assert_same(domains(sample_weight=True), jit_compile=jit_compile, l2=0.05)

    def test_with_negative_sample_weight(self):
        self.assert_same(domains(sample_weight=True, least=-2.0))

    def test_with_activity_regularizer(self):
        self.assert_same(jit_compile=None, activity_regularizer=keras.regularizers.L2(0.01))


class TestStep:
    """One step against gradients taken by hand."""

    def gradients(self, net, batch):
        """A gradient per domain of the data loss alone, by a tape per domain."""
        x, y = batch
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        gradients = []
        for i in range(3):
            with tf.GradientTape() as tape:
                value = loss(y[i::3], net(x[i::3], training=True))
            gradients.append(tape.gradient(value, net.trainable_variables))
        return gradients

    def one_step(self, strategy, **net):
        """The weights' movement under SGD(1), and the domains' gradients before it."""
        model = compiled(
            dg_keras.DomainGeneralizer(alexnet_like(**net), strategy, domains=3, seed=5),
            keras.optimizers.SGD(1.0),
        )
        batch = next(iter(dg_keras.data.interleave(domains(), 8, seed=0)))
        gradients = self.gradients(model.net, batch)
        before = [v.numpy() for v in model.trainable_variables]
        model.train_on_batch(*batch)
        moved = [b - v.numpy() for b, v in zip(before, model.trainable_variables, strict=True)]
        return before, moved, gradients

    def merged(self, strategy, gradients):
        """What the strategy makes of gradients in the first step of a run with that seed."""
        return strategies.get(strategy).of_run(tf.constant(5, tf.int64))(gradients, 0)

    @every_strategy
    def test_applies_the_strategy_to_the_domains_gradients(self, strategy):
        _, moved, gradients = self.one_step(strategy)
        for actual, expected in zip(moved, self.merged(strategy, gradients), strict=True):
            np.testing.assert_allclose(actual, expected, atol=2e-6)

    @every_strategy
    def test_adds_the_weight_penalty_once_and_after_the_merge(self, strategy):
        before, moved, gradients = self.one_step(strategy, l2=0.05)
        merged = self.merged(strategy, gradients)
        # The kernels of the convolution and of the first dense layer have one.
        penalties = [2 * 0.05 * w if i in (0, 2) else 0 for i, w in enumerate(before)]
        for actual, gradient, penalty in zip(moved, merged, penalties, strict=True):
            np.testing.assert_allclose(actual, gradient + penalty, atol=2e-6)

    def test_a_strategy_is_told_the_true_step_whatever_the_seed(self):
        steps = []

        @dataclasses.dataclass(frozen=True)
        class Noting(strategies.AgrSum):
            def finish(self, state, step):
                steps.append(int(step))
                return super().finish(state, step)

        model = dg_keras.DomainGeneralizer(alexnet_like(), Noting(), seed=1)
        trained(compiled(model), steps=3)
        assert steps == [0, 1, 2]

    def test_noise_is_new_in_every_step_and_for_every_seed(self):
        gradients = [[tf.ones([9])], [-tf.ones([9])], [tf.ones([9])]]
        gradients[0].append(tf.ones([1]))
        for other in gradients[1:]:
            other.append(tf.ones([1]))
        noise = {
            tuple(strategy.of_run(tf.constant(seed, tf.int64))(gradients, step)[0].numpy())
            for strategy in (strategies.AgrRand(), strategies.AgrRand(seed=3))
            for seed in (0, 1)
            for step in (0, 1)
        }
        assert len(noise) == 8

    @pytest.mark.parametrize("seed", [0, 1, 2**31 - 1])
    def test_strategy_and_objective_have_keys_of_their_own(self, seed):
        moment = Moment(tf.constant(seed, tf.int64), tf.constant(7, tf.int64))
        key = strategies.AgrRand().of_run(moment.seed).key(moment.step)
        assert (key != moment.key).numpy().any()

    @every_strategy
    def test_a_compiled_step_is_the_eager_step(self, strategy):
        def model(**how):
            model = dg_keras.DomainGeneralizer(alexnet_like(l2=0.05), strategy)
            return trained(compiled(model, keras.optimizers.SGD(0.1), **how))

        eager = model()
        for jit_compile in (False, True):
            assert largest_difference(model(jit_compile=jit_compile), eager) < 1e-5, jit_compile

    def test_several_steps_an_execution_are_the_same_steps(self):
        several = trained(
            compiled(
                dg_keras.DomainGeneralizer(alexnet_like()), jit_compile=False, steps_per_execution=4
            ),
            steps=4,
        )
        single = trained(compiled(dg_keras.DomainGeneralizer(alexnet_like())), steps=4)
        assert largest_difference(several, single) < 1e-6
        assert int(several.step) == 4

    @every_strategy
    def test_a_compiled_update_is_the_eager_one(self, strategy, monkeypatch):
        monkeypatch.setattr("dg_keras.step.parts.LARGE", 0)
        net = alexnet_like(l2=0.05)
        model = trained(compiled(dg_keras.DomainGeneralizer(net, strategy), jit_compile=False))
        eager = trained(compiled(dg_keras.DomainGeneralizer(alexnet_like(l2=0.05), strategy)))
        assert largest_difference(model, eager) < 1e-5

    def test_only_what_xla_knows_is_compiled(self, monkeypatch):
        """Neither a strategy nor an optimizer of one's own has to be made for XLA."""
        monkeypatch.setattr("dg_keras.step.parts.LARGE", 0)

        def largest(*domains):
            return np.max(domains, axis=0)

        @dataclasses.dataclass(frozen=True)
        class InNumPy(strategies.Strategy):
            def merge(self, gradients, step):
                return [
                    tf.ensure_shape(
                        tf.numpy_function(largest, list(domains), tf.float32), domains[0].shape
                    )
                    for domains in zip(*gradients, strict=True)
                ]

        class OfNumPy(keras.optimizers.SGD):
            def update_step(self, gradient, variable, learning_rate):
                same = tf.numpy_function(np.copy, [gradient], tf.float32)
                super().update_step(tf.ensure_shape(same, gradient.shape), variable, learning_rate)

        eager = dg_keras.DomainGeneralizer(alexnet_like(), InNumPy())
        trained(compiled(eager, keras.optimizers.SGD(0.1)))
        for optimizer in (keras.optimizers.SGD(0.1), OfNumPy(0.1)):
            model = dg_keras.DomainGeneralizer(alexnet_like(), InNumPy())
            trained(compiled(model, optimizer, jit_compile=False))
            assert largest_difference(model, eager) < 1e-5

    def test_trainable_batch_norm_sees_one_domain_at_a_time(self):
        net = alexnet_like(batch_norm=True)
        norm = next(v for v in net.layers if isinstance(v, keras.layers.BatchNormalization))
        norm.momentum = 0.0
        batch = next(iter(dg_keras.data.interleave(domains(), 8, seed=0)))
        model = compiled(dg_keras.DomainGeneralizer(net, "mean", domains=3))
        with pytest.warns(UserWarning, match="trainable BatchNormalization"):
            model.train_on_batch(*batch)
        # The statistics it is left with are those of the last domain alone.
        first_convolution = keras.Model(net.inputs, norm.input)
        untouched = alexnet_like(batch_norm=True)
        first_convolution.set_weights(untouched.get_weights()[:2])
        activations = first_convolution(batch[0][2::3]).numpy()
        np.testing.assert_allclose(norm.moving_mean, activations.mean((0, 1, 2)), atol=1e-5)

    def test_a_weight_that_only_one_domain_uses_is_in_conflict(self):
        class Gate(keras.layers.Layer):
            def build(self, shape):
                self.bias = self.add_weight(shape=(shape[-1],), initializer="zeros", name="bias")

            def call(self, x):
                return x + self.bias * tf.cast(tf.reduce_mean(x) > 100, x.dtype)

        x = np.ones((8, 2), "float32")
        data = {"low": (x, 3 * x), "high": (200 * x, 3 * x)}
        net = keras.Sequential([keras.Input((2,)), Gate()])
        model = dg_keras.DomainGeneralizer(net, "agr_sum")
        model.compile(keras.optimizers.SGD(0.1), loss="mse")
        model.fit(data, batch_size=4, steps_per_epoch=2, verbose=0)
        np.testing.assert_array_equal(net.get_weights()[0], 0)

    def test_trains_embeddings(self):
        rng = np.random.default_rng(0)
        data = [(rng.integers(9, size=(20, 5)), rng.integers(2, size=20)) for _ in range(2)]
        net = keras.Sequential(
            [
                keras.Input((5,), dtype="int32"),
                keras.layers.Embedding(9, 4),
                keras.layers.Flatten(),
                keras.layers.Dense(2),
            ]
        )
        for strategy in STRATEGIES:
            model = compiled(dg_keras.DomainGeneralizer(net, strategy))
            history = model.fit(data, batch_size=4, verbose=0).history
            assert np.isfinite(history["loss"]).all()


class TestFitWithDomains:
    def test_names_the_losses_after_the_domains(self):
        model = compiled(dg_keras.DomainGeneralizer(alexnet_like()))
        history = model.fit(domains(), batch_size=16, epochs=2, verbose=0).history
        assert set(history) == {
            "accuracy",
            "loss",
            "loss/photo",
            "loss/cartoon",
            "loss/sketch",
        }
        by_domain = [history[f"loss/{name}"] for name in domains()]
        np.testing.assert_allclose(np.mean(by_domain, axis=0), history["loss"], rtol=1e-5)

    def test_numbers_domains_without_names(self):
        model = compiled(dg_keras.DomainGeneralizer(alexnet_like()))
        history = model.fit(tuple(domains().values()), batch_size=32, verbose=0).history
        assert {"loss/0", "loss/1", "loss/2"} < set(history)

    def test_other_domains_are_not_traced_anew(self):
        traces = []

        @dataclasses.dataclass(frozen=True)
        class Counting(strategies.AgrSum):
            def merge(self, gradients, step):
                traces.append(1)
                return super().merge(gradients, step)

        model = compiled(dg_keras.DomainGeneralizer(alexnet_like(), Counting()), jit_compile=False)
        trained(model)
        first_traces = len(traces)
        others = {f"{name}_too": data for name, data in domains(seed=5).items()}
        history = model.fit(others, batch_size=8, steps_per_epoch=2, verbose=0).history
        assert "loss/photo_too" in history
        assert "loss/photo" not in history
        assert len(traces) == first_traces == 1

    @pytest.mark.parametrize(
        ("strategy", "jit_compile", "passes"),
        [("mean", False, 1), ("agr_sum", False, 1), ("mean", True, 1), ("agr_sum", True, 3)],
    )
    def test_a_step_is_traced_once(self, strategy, jit_compile, passes):
        """Plain Keras' twice, since it makes the optimizer's variables in the first trace."""
        traces = []

        class Noting(keras.layers.Layer):
            def call(self, x):
                traces.append(1)
                return x

        net = keras.Sequential(
            [keras.Input((12, 12, 3)), Noting(), keras.layers.Flatten(), keras.layers.Dense(4)]
        )
        model = compiled(dg_keras.DomainGeneralizer(net, strategy), jit_compile=jit_compile)
        traces.clear()
        trained(model)
        assert len(traces) == passes

    def test_an_epoch_lasts_as_the_largest_domain_does(self):
        model = compiled(dg_keras.DomainGeneralizer(alexnet_like()))
        model.fit(domains(samples=40), batch_size=16, verbose=0)  # 40, 47 and 54 images
        assert int(model.step) == 4

    def test_takes_unbatched_datasets(self):
        arrays = domains()
        streams = {name: tf.data.Dataset.from_tensor_slices(data) for name, data in arrays.items()}
        model = compiled(dg_keras.DomainGeneralizer(alexnet_like()))
        model.fit(streams, batch_size=16, verbose=0)
        assert int(model.step) == 4

    def test_a_second_fit_goes_on_with_new_batches(self):
        once = trained(compiled(dg_keras.DomainGeneralizer(alexnet_like())), steps=3)
        twice = compiled(dg_keras.DomainGeneralizer(alexnet_like()))
        trained(twice, steps=1)
        trained(twice, steps=2)
        assert largest_difference(once, twice) < 1e-7

    def test_seed_chooses_the_batches(self):
        def weights(seed):
            return trained(compiled(dg_keras.DomainGeneralizer(alexnet_like(), seed=seed)))

        assert largest_difference(weights(1).net, weights(1).net) == 0
        assert largest_difference(weights(1).net, weights(2).net) > 0

    def test_everything_else_is_keras(self):
        x, y = domains()["photo"]
        data = tf.data.Dataset.from_tensor_slices((x, y)).batch(10)
        schedule = keras.optimizers.schedules.CosineDecay(1e-3, 20)
        optimizer = keras.optimizers.AdamW(
            schedule, use_ema=True, ema_momentum=0.9, global_clipnorm=1.0
        )
        model = compiled(dg_keras.DomainGeneralizer(alexnet_like()), optimizer)
        stopping = keras.callbacks.EarlyStopping(monitor="val_accuracy", patience=50)
        history = model.fit(
            domains(),
            batch_size=32,
            epochs=2,
            validation_data=data,
            callbacks=[stopping],
            verbose=0,
        )
        assert set(history.history) >= {"val_accuracy", "val_loss", "loss/photo"}
        logs = model.evaluate(data, verbose=0, return_dict=True)
        assert set(logs) == {"accuracy", "loss"}
        assert model.predict(x, verbose=0).shape == (40, nets.CLASSES)
        lines = []
        model.summary(print_fn=lines.append)
        assert "Trainable params" in "\n".join(lines)

    def test_an_interleaved_dataset_and_arrays_are_keras_own(self):
        batches = dg_keras.data.interleave(domains(), 8, seed=0)
        model = compiled(
            dg_keras.DomainGeneralizer(alexnet_like(), domains=["photo", "cartoon", "sketch"])
        )
        history = model.fit(batches, steps_per_epoch=3, shuffle=False, verbose=0).history
        assert "loss/cartoon" in history
        x, y = next(iter(batches))
        model.fit(x.numpy(), y.numpy(), batch_size=24, shuffle=False, verbose=0)
        assert int(model.step) == 4

    def test_accumulation_updates_once_in_several_steps(self):
        optimizer = keras.optimizers.AdamW(1e-3, gradient_accumulation_steps=3)
        model = compiled(dg_keras.DomainGeneralizer(alexnet_like()), optimizer)
        start = [w.copy() for w in model.net.get_weights()]
        trained(model, steps=2)
        assert all((a == b).all() for a, b in zip(start, model.net.get_weights(), strict=True))
        trained(model, steps=1)
        assert any((a != b).any() for a, b in zip(start, model.net.get_weights(), strict=True))
        assert int(model.step) == 3
        assert int(optimizer.iterations) == 1

    def test_a_list_of_callbacks_may_be_keras_own(self):
        model = compiled(dg_keras.DomainGeneralizer(alexnet_like()))
        history = keras.callbacks.History()
        callbacks = keras.callbacks.CallbackList([history], model=model)
        trained(model, steps=1, callbacks=callbacks)
        assert "loss/photo" in history.history

    def test_restoring_the_best_weights_does_not_turn_back_the_step(self):
        model = compiled(dg_keras.DomainGeneralizer(alexnet_like()))
        stopping = keras.callbacks.EarlyStopping(
            monitor="loss", mode="max", patience=9, restore_best_weights=True
        )
        trained(model, steps=1, epochs=3, callbacks=[stopping])
        assert stopping.best_epoch < 2
        assert int(model.step) == 3
        assert len(model.get_weights()) == len(model.net.get_weights())

    def test_after_an_error_the_domains_are_as_before(self):
        model = compiled(dg_keras.DomainGeneralizer(alexnet_like()))
        data = domains()
        x, y = data["photo"]
        with pytest.raises(ValueError, match="the shape that the network takes"):
            model.fit({"photo": (x, y), "small": (x[:, :6], y)}, batch_size=8)
        trained(model, steps=1, data=data)
        assert model.domain_names == tuple(data)

    def test_learns(self):
        model = compiled(
            dg_keras.DomainGeneralizer(alexnet_like()),
            keras.optimizers.AdamW(1e-2),
            jit_compile=False,
        )
        history = model.fit(domains(), batch_size=16, epochs=15, verbose=0).history
        assert history["accuracy"][-1] > 0.9


class TestBadInput:
    def model(self, **arguments):
        return compiled(dg_keras.DomainGeneralizer(alexnet_like(), **arguments))

    def test_a_file_of_another_model(self, tmp_path):
        self.model().save_weights(tmp_path / "plain.weights.h5")
        other = compiled(dg_keras.DomainGeneralizer(alexnet_like(dropout=0.5)))
        with pytest.raises(ValueError, match="generator_0"):
            other.load_weights(tmp_path / "plain.weights.h5")


class TestMixedPrecision:
    @pytest.fixture(params=["mixed_float16", "mixed_bfloat16"])
    def policy(self, request):
        keras.config.set_dtype_policy(request.param)
        yield request.param
        keras.config.set_dtype_policy("float32")

    @every_strategy
    def test_trains(self, policy, strategy):
        model = compiled(dg_keras.DomainGeneralizer(alexnet_like(), strategy))
        history = model.fit(domains(), batch_size=32, verbose=0).history
        assert np.isfinite(history["loss"]).all()
        scaled = isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
        assert scaled == (policy == "mixed_float16")

    @pytest.mark.parametrize(
        ("strategy", "how"),
        [(strategy, {"jit_compile": False}) for strategy in STRATEGIES]
        + [("agr_sum", {"jit_compile": True})],
    )
    def test_overflow_in_one_domain_skips_the_step_and_halves_the_scale(self, strategy, how):
        keras.config.set_dtype_policy("mixed_float16")
        net = alexnet_like()
        keras.config.set_dtype_policy("float32")
        model = compiled(dg_keras.DomainGeneralizer(net, strategy), **how)
        data = domains()
        # Weights of 1e6 in one domain alone: its loss overflows in float16, the others' do not.
        data = {
            name: (x, y, np.full(len(y), 1e6 if name == "cartoon" else 1.0, "float32"))
            for name, (x, y) in data.items()
        }
        model.optimizer.build(model.trainable_variables)
        before = model.net.get_weights()
        trained(model, steps=1, data=data)
        assert float(model.optimizer.dynamic_scale) == 2.0**14
        assert int(model.optimizer.iterations) == 0
        assert int(model.step) == 1
        for old, new in zip(before, model.net.get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)

    def test_the_net_alone_decides_on_loss_scaling(self):
        keras.config.set_dtype_policy("mixed_float16")
        net = alexnet_like()
        keras.config.set_dtype_policy("float32")
        model = compiled(dg_keras.DomainGeneralizer(net))
        assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)


class TestSaving:
    @pytest.mark.parametrize("strategy", ["mean", "agr_rand", "grad_vac"])
    def test_a_reloaded_model_goes_on_as_one_never_saved(self, strategy, tmp_path):
        def model():
            return compiled(dg_keras.DomainGeneralizer(alexnet_like(dropout=0.5), strategy, seed=3))

        unbroken = trained(trained(model()))
        trained(model()).save(tmp_path / "half.keras")
        reloaded = keras.saving.load_model(tmp_path / "half.keras")
        assert reloaded.strategy == unbroken.strategy
        assert reloaded.domain_names == ("photo", "cartoon", "sketch")
        trained(reloaded)
        assert largest_difference(unbroken, reloaded) == 0
        for name, value in unbroken.strategy_state.items():
            np.testing.assert_array_equal(reloaded.strategy_state[name], value)

    def test_backup_and_restore_goes_on_as_if_never_stopped(self, tmp_path):
        class Stop(keras.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None):
                if epoch == 1:
                    raise KeyboardInterrupt

        def fit(*callbacks):
            model = compiled(dg_keras.DomainGeneralizer(alexnet_like(dropout=0.5)))
            return trained(model, steps=1, epochs=4, callbacks=list(callbacks))

        with pytest.raises(KeyboardInterrupt):
            fit(keras.callbacks.BackupAndRestore(tmp_path / "backup"), Stop())
        resumed = fit(keras.callbacks.BackupAndRestore(tmp_path / "backup"))
        assert largest_difference(resumed, fit()) == 0

    def test_backup_and_restore_goes_on_in_streams_where_they_were(self, tmp_path):
        """Which are read anew from their beginning."""

        def fit(stop=None):
            keras.utils.set_random_seed(0)
            net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
            model = dg_keras.DomainGeneralizer(net, "agr_sum", seed=3)
            model.compile(keras.optimizers.Adam(0.01), "mse")
            rng = np.random.default_rng(0)
            streams = {
                name: tf.data.Dataset.from_tensor_slices(
                    (rng.normal(size=(7, 3)).astype("float32"), rng.normal(size=(7, 1)))
                )
                for name in "ab"
            }
            callbacks = [] if stop is None else [keras.callbacks.BackupAndRestore(tmp_path), *stop]
            model.fit(
                streams, batch_size=2, steps_per_epoch=3, epochs=4, verbose=0, callbacks=callbacks
            )
            return model

        class Stop(keras.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None):
                if epoch == 1:
                    raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            fit([Stop()])
        assert largest_difference(fit([]), fit()) == 0

    def test_backup_and_restore_inside_an_epoch_lengthens_it_and_loses_no_step(self, tmp_path):
        """Keras restores the model of the step, and counts the epoch's steps from 0."""

        class Stop(keras.callbacks.Callback):
            def on_train_batch_end(self, batch, logs=None):
                if batch == 1:
                    raise KeyboardInterrupt

        def fit(*callbacks, steps=3):
            model = compiled(dg_keras.DomainGeneralizer(alexnet_like(dropout=0.5)))
            return trained(model, steps=steps, epochs=1, callbacks=list(callbacks))

        def backup():
            return keras.callbacks.BackupAndRestore(tmp_path / "backup", save_freq=1)

        with pytest.raises(KeyboardInterrupt):
            fit(backup(), Stop())
        resumed = fit(backup())
        assert int(resumed.step) == 2 + 3
        assert largest_difference(resumed, fit(steps=5)) == 0

    def test_loss_scale_is_saved(self, tmp_path):
        keras.config.set_dtype_policy("mixed_float16")
        net = alexnet_like()
        keras.config.set_dtype_policy("float32")
        model = trained(compiled(dg_keras.DomainGeneralizer(net)), steps=2)
        model.optimizer.dynamic_scale.assign(64.0)
        model.save(tmp_path / "model.keras")
        reloaded = keras.saving.load_model(tmp_path / "model.keras")
        assert float(reloaded.optimizer.dynamic_scale) == 64.0
        assert largest_difference(trained(model), trained(reloaded)) == 0


class TestInTurn:
    """Domains one after the other: the same step, with one gradient in memory."""

    @pytest.mark.parametrize("strategy", ["mean", "agr_rand"])
    def test_is_the_same_step(self, strategy, monkeypatch):
        monkeypatch.setattr("dg_keras.step.parts.LARGE", 0)

        def fitted(in_turn=True, **how):
            net = alexnet_like(l2=0.05)
            model = dg_keras.DomainGeneralizer(net, strategy, objective="irm", in_turn=in_turn)
            compiled(model, keras.optimizers.SGD(0.01), **how)
            return model, model.fit(domains(), batch_size=8, steps_per_epoch=3, verbose=0).history

        together, expected = fitted(in_turn=False)
        for how in ({}, {"jit_compile": False}, {"jit_compile": True}):
            model, history = fitted(**how)
            assert largest_difference(model, together) < 1e-5, how
            for name, values in expected.items():
                np.testing.assert_allclose(history[name], values, rtol=1e-4, err_msg=str(how))

    def test_a_weight_that_no_domain_depends_on_stays(self):
        class WithUnused(keras.layers.Layer):
            def build(self, shape):
                self.unused = self.add_weight(shape=(3,), initializer="ones")

            def call(self, x):
                return x

        net = alexnet_like()
        net.add(layer := WithUnused())
        with pytest.warns(UserWarning, match="Gradients do not exist"):
            trained(compiled(dg_keras.DomainGeneralizer(net, in_turn=True), jit_compile=False))
        np.testing.assert_array_equal(layer.unused, np.ones(3))

    def test_goes_on_after_saving(self, tmp_path):
        model = trained(compiled(dg_keras.DomainGeneralizer(alexnet_like(), in_turn=True)))
        model.save(tmp_path / "model.keras")
        loaded = keras.saving.load_model(tmp_path / "model.keras")
        assert loaded.in_turn
        trained(model)
        trained(loaded)
        for weight, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
            np.testing.assert_array_equal(weight, other)
