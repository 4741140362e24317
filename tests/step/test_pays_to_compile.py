"""XLA is taken unasked where it is known to work and to pay, and nowhere else."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import dg_keras
from dg_keras import strategies
from tests.nets import largest_difference

RNG = np.random.default_rng(0)
DOMAINS = {
    name: (RNG.normal(size=(12, 6)).astype("float32"), RNG.integers(3, size=12)) for name in "abc"
}


def own(y_true, y_pred):
    return tf.reduce_mean(y_pred)


@keras.saving.register_keras_serializable(package="tests")
class Own(strategies.Strategy):
    def merge(self, gradients, step):
        return gradients[0]


class OfNothing(keras.regularizers.Regularizer):
    def __call__(self, weights):
        return 0.0 * tf.reduce_sum(weights)


def dense(**more):
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((6,)), layers.Dense(8, "relu", **more), layers.Dense(3)])


def made(net, strategy="agr_sum", objective="empirical_risk", **compiled):
    model = dg_keras.DomainGeneralizer(net, strategy, objective, seed=1)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    compiled.setdefault("metrics", ["accuracy"])
    model.compile(keras.optimizers.AdamW(1e-3), loss=loss, **compiled)
    return model


def fitted(net, *what, **compiled):
    """A model after an epoch, and whether XLA compiled its steps."""
    model = made(net, *what, **compiled)
    model.fit(DOMAINS, batch_size=4, verbose=0)
    return model, model._plan.value.parts.compiles_whole


class Begun(keras.callbacks.Callback):
    """Ends training before a step is traced, with whether XLA will compile it."""

    def on_train_begin(self, logs=None):
        raise StopIteration(self.model._plan.value.parts.compiles_whole)


def will_be_compiled(net, domains=DOMAINS, **given):
    with pytest.raises(StopIteration) as end:
        made(net, **given).fit(domains, batch_size=4, verbose=0, callbacks=[Begun()])
    return end.value.value


def test_a_small_dense_network_is_compiled_and_comes_to_the_same():
    model, is_compiled = fitted(dense())
    assert is_compiled
    assert model.jit_compile is False  # what evaluates is not
    plain, is_compiled = fitted(dense(), jit_compile=False)
    assert not is_compiled
    assert largest_difference(model.net, plain.net) < 1e-6


@pytest.mark.parametrize(
    ("net", "given"),
    [
        pytest.param(dense, {"strategy": "mean"}, id="one pass"),
        pytest.param(dense, {"strategy": Own()}, id="a strategy of one's own"),
        pytest.param(dense, {"metrics": [own]}, id="a metric of one's own"),
        pytest.param(dense, {"weighted_metrics": [own]}, id="a weighted metric of one's own"),
        pytest.param(dense, {"run_eagerly": True}, id="eagerly"),
        pytest.param(
            lambda: dense(kernel_regularizer=OfNothing()),
            {},
            id="a regularizer of one's own",
        ),
        pytest.param(
            lambda: keras.Sequential(
                [keras.Input((6,)), layers.BatchNormalization(trainable=False), layers.Dense(3)]
            ),
            {},
            id="other layers",
        ),
        pytest.param(
            lambda: keras.Sequential([keras.Input((6,)), layers.Dense(40_000), layers.Dense(3)]),
            {},
            id="large",
        ),
        pytest.param(
            lambda: keras.Sequential(
                [keras.Input((6,)), layers.Dense(8, dtype="mixed_bfloat16"), layers.Dense(3)]
            ),
            {},
            id="mixed precision",
        ),
        pytest.param(
            dense,
            {"domains": {str(i): DOMAINS["a"] for i in range(9)}},
            id="many domains",
        ),
    ],
)
def test_what_is_not_known_to_pay_is_left_to_keras(net, given):
    assert not will_be_compiled(net(), **given)
    assert will_be_compiled(dense())


def test_functions_of_ones_own_in_what_is_keras_are_not_known():
    class Doubled(keras.Model):
        def call(self, x):
            return tf.ensure_shape(tf.numpy_function(lambda v: 2 * v, [x], x.dtype), x.shape)

    x = keras.Input((6,))
    nested = keras.Model(x, Doubled()(layers.Dense(3)(x)))
    operated = keras.Model(x, keras.ops.sin(layers.Dense(3)(x)))
    within = keras.Sequential([x, dense(), layers.Dense(3)])
    assert [dg_keras.step.pays_to_compile._layers(net) is None for net in (nested, operated)] == [
        True,
        True,
    ]
    assert len(dg_keras.step.pays_to_compile._layers(within)) == 5
    wrapped = keras.metrics.MeanMetricWrapper(own)
    scaled = keras.optimizers.LossScaleOptimizer(OwnAdam())
    known = dg_keras.step.is_known.is_known
    assert not any(map(known, (wrapped, scaled, own, Own())))
    assert all(
        map(
            known,
            ("accuracy", None, keras.losses.MeanSquaredError(), keras.losses.mean_squared_error),
        )
    )


class OwnAdam(keras.optimizers.Adam):
    pass


def test_under_a_distribution_it_is_left_alone_also_where_fit_is_not():
    with tf.distribute.OneDeviceStrategy("CPU:0").scope():
        model = dg_keras.DomainGeneralizer(dense(), "agr_sum", seed=1)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.AdamW(1e-3), loss=loss)
    model.fit(DOMAINS, batch_size=4, verbose=0)
    assert not model._plan.value.parts.compiles_whole


def test_one_pass_is_not_what_an_objective_takes_that_looks_ahead():
    assert will_be_compiled(dense(), strategy="mean", objective="mldg")
    assert not will_be_compiled(dense(), strategy="mean", objective="group_dro")


def test_with_a_gpu_keras_own_rule_decides(monkeypatch):
    model, _ = fitted(dense(), jit_compile=False)
    told = []
    for kinds in (["CPU"], ["CPU", "GPU"]):
        devices = [tf.config.PhysicalDevice(f"/physical_device:{kind}:0", kind) for kind in kinds]
        monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None, d=devices: d)
        of = (model, model.net, model.strategy, model.objective, 3, [])
        told.append(dg_keras.step.pays_to_compile.pays_to_compile(*of))
    assert told == [True, False]


def test_what_compile_was_told_is_saved(tmp_path):
    for told in ("auto", True, False):
        model = made(dense(), jit_compile=told)
        model.optimizer.build(model.net.trainable_variables)
        model.save(tmp_path / "model.keras")
        loaded = keras.saving.load_model(tmp_path / "model.keras")
        assert loaded.get_compile_config()["jit_compile"] == told
