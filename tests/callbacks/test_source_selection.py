"""SourceSelection: which weights it keeps, what training notices of it, and what it refuses."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

import dg_keras
from dg_keras.callbacks import SourceSelection
from tests.callbacks.test_domain_metrics import by_hand, domains, softmax_model

SAMPLES = domains()["photo"]


class Noting(keras.callbacks.Callback):
    """The weights after each step."""

    def on_train_begin(self, logs=None):
        self.weights = []

    def on_train_batch_end(self, batch, logs=None):
        self.weights.append(self.model.get_weights())


def fit(model, *callbacks, epochs=4, **arguments):
    """Two steps per epoch."""
    arguments = {"batch_size": 5, "verbose": 0, "shuffle": False, **arguments}
    return model.fit(*SAMPLES, epochs=epochs, callbacks=list(callbacks), **arguments).history


def losses_by_hand(weights):
    """Each step's loss on every domain."""
    model = softmax_model()
    values = []
    for of_step in weights:
        model.set_weights(of_step)
        values.append([by_hand(model, *domain)["loss"] for domain in domains().values()])
    return np.array(values)


@pytest.mark.parametrize("by", ["mean", "worst"])
@pytest.mark.parametrize("every", [1, 3])
def test_the_best_weights_are_those_by_hand(by, every):
    noting = Noting()
    selection = SourceSelection(domains(), every, "loss", by, batch_size=8)
    model = softmax_model(learning_rate=2.0)
    history = fit(model, noting, selection, epochs=6)
    steps = np.arange(every, 13, every)
    by_domain = losses_by_hand(noting.weights)[steps - 1]
    values = by_domain.mean(axis=1) if by == "mean" else by_domain.max(axis=1)
    assert values.argmin() < len(values) - 1
    assert selection.best_step == steps[values.argmin()]
    evaluations = selection.evaluations
    assert evaluations["step"].tolist() == steps.tolist()
    np.testing.assert_allclose(evaluations[list(domains())], by_domain, rtol=1e-5)
    np.testing.assert_allclose(evaluations["value"], values, rtol=1e-5)
    np.testing.assert_allclose(
        history["source_loss"][1:], [values[(2 * i) // every - 1] for i in range(2, 7)], rtol=1e-5
    )
    for kept, noted in zip(
        model.get_weights(), noting.weights[selection.best_step - 1], strict=True
    ):
        np.testing.assert_array_equal(kept, noted)


def test_the_first_of_equals_is_kept():
    selection = SourceSelection(domains(), 1)
    fit(softmax_model(learning_rate=0.0), selection)
    assert selection.best_step == 1


def test_patience_stops_training():
    selection = SourceSelection(domains(), 1, "loss", patience=2)
    fit(softmax_model(learning_rate=2.0), selection, epochs=30)
    steps = selection.evaluations["step"].tolist()
    # Keras looks whether to stop after the step that follows.
    assert steps == list(range(1, selection.best_step + 4))


def test_training_does_not_notice():
    expected, history = (
        fit(softmax_model(run_eagerly=False), *callbacks, validation_data=domains()["sketch"])
        for callbacks in ([], [SourceSelection(domains(), every=1)])
    )
    assert {key: history[key] for key in expected} == expected


def test_nor_does_a_domain_generalizer():
    def history(*callbacks):
        net = softmax_model()
        model = dg_keras.DomainGeneralizer(net, seed=1)
        model.compile("sgd", net.loss, metrics=["accuracy"], run_eagerly=True)
        fitted = model.fit(
            domains(), batch_size=4, steps_per_epoch=3, verbose=0, callbacks=list(callbacks)
        )
        return fitted.history

    expected, made = history(), history(SourceSelection(domains(), every=2))
    assert "loss/photo" in expected
    assert {key: made[key] for key in expected} == expected
    assert len(made["source_accuracy"]) == 1


def test_waits_for_the_end_of_an_execution():
    model = softmax_model(run_eagerly=False)
    model.compile("sgd", model.loss, metrics=["accuracy"], steps_per_execution=2)
    selection = SourceSelection(domains(), every=3)
    fit(model, selection, epochs=3)
    assert selection.evaluations["step"].tolist() == [4, 6]


def odd(surgery):
    """A model of ten batches of one sample of each of two domains, taken four at a time."""
    model = softmax_model(run_eagerly=False)
    if surgery:
        model = dg_keras.DomainGeneralizer(model, domains=2)
    loss = "sparse_categorical_crossentropy"
    model.compile("sgd", loss, metrics=["accuracy"], steps_per_execution=4)
    return model


@pytest.mark.parametrize("surgery", [False, True])
def test_steps_are_those_that_were_taken(surgery):
    """Keras counts an execution of which some steps are missing as if it were whole."""
    x, y = (np.resize(part, (20, *part.shape[1:])) for part in SAMPLES)
    selection = SourceSelection(domains())
    model = odd(surgery)
    model.fit(x, y, batch_size=2, epochs=3, shuffle=False, verbose=0, callbacks=[selection])
    assert selection.evaluations["step"].tolist() == [10, 20, 30]
    assert int(model.optimizer.iterations) == 30


def test_steps_of_data_without_end_are_whole_executions():
    batch = tuple(part[:2] for part in SAMPLES)
    data = tf.data.Dataset.from_tensors(batch).repeat()
    selection = SourceSelection(domains())
    model = odd(surgery=False)
    model.fit(data, steps_per_epoch=10, epochs=2, shuffle=False, verbose=0, callbacks=[selection])
    assert selection.evaluations["step"].tolist() == [12, 24]
    assert int(model.optimizer.iterations) == 24


def test_values_of_which_none_is_finite_are_told():
    selection = SourceSelection(domains(), metric="loss")
    model = softmax_model()
    model.build((None, 4))
    model.set_weights([weight * np.nan for weight in model.get_weights()])
    with pytest.warns(UserWarning, match=r"chose no weights, since no value .* nan as the last"):
        fit(model, selection)
    assert selection.best_step is None


class Stop(keras.callbacks.Callback):
    """Stops training as a signal would."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 4:
            raise KeyboardInterrupt


def test_training_that_is_started_again_goes_on_from_the_backup(tmp_path):
    def train(*callbacks, backup=None):
        selection = SourceSelection(domains(), "epoch", "loss", backup=backup)
        model = softmax_model(learning_rate=2.0)
        model.build((None, 4))
        fit(model, selection, *callbacks, epochs=7)
        return model, selection

    undisturbed, selection = train()
    assert selection.best_step <= 8
    backup = tmp_path / "best.npz"

    def kept():
        return keras.callbacks.BackupAndRestore(tmp_path / "backup")

    with pytest.raises(KeyboardInterrupt):
        train(kept(), Stop(), backup=backup)
    assert backup.is_file()
    resumed, again = train(kept(), backup=backup)
    assert len(again.evaluations) == 3
    assert again.best_step == selection.best_step
    for a, b in zip(undisturbed.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not backup.exists()


def test_a_backup_of_another_training_is_told(tmp_path):
    backup = tmp_path / "best.npz"
    stopped = SourceSelection(domains(), metric="loss", backup=backup)
    with pytest.raises(KeyboardInterrupt):
        fit(softmax_model(), stopped, Stop(), epochs=7)
    selection = SourceSelection(domains(), metric="loss", backup=backup)
    with pytest.warns(UserWarning, match=r"is of epoch \d, and training goes on with 0: the sel"):
        fit(softmax_model(learning_rate=1e-6), selection)
    assert selection.best_step == 8  # and not that of the other, which was better


class StopAtOnce(keras.callbacks.Callback):
    """Stops training in its first epoch."""

    def on_epoch_end(self, epoch, logs=None):
        raise KeyboardInterrupt


def test_a_backup_of_another_training_s_first_epoch_is_told(tmp_path):
    backup = tmp_path / "best.npz"
    stopped = SourceSelection(domains(), every=1, metric="loss", backup=backup)
    with pytest.raises(KeyboardInterrupt):
        fit(softmax_model(), stopped, StopAtOnce())
    selection = SourceSelection(domains(), metric="loss", backup=backup)
    with pytest.warns(UserWarning, match=r"is of another training, since this one has taken no"):
        fit(softmax_model(learning_rate=1e-6), selection)
    assert selection.best_step == 8


def test_domains_may_be_assigned_anew():
    selection = SourceSelection(domains(), metric="loss")
    fit(softmax_model(), selection)
    selection.domains = {"one": SAMPLES}
    fit(softmax_model(), selection)
    assert list(selection.evaluations) == ["step", "epoch", "one", "value"]


@pytest.mark.parametrize(
    "content", [b"no archive", {"ours": 1.0}, {"best": 9.0, "step": 1, "epoch": 0}]
)
def test_a_backup_that_is_none_is_told(tmp_path, caplog, content):
    backup = tmp_path / "best.npz"
    if isinstance(content, bytes):
        backup.write_bytes(content)
    else:
        np.savez(backup, **content)
    selection = SourceSelection(domains(), "epoch", "loss", backup=backup)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        fit(softmax_model(), selection)
    told = " ".join([caplog.text, *(str(w.message) for w in warned)])
    assert f"{backup} is " in told
    assert "the selection begins anew" in told
    assert selection.best_step > 1


class TestErrors:
    def test_a_metric_with_a_value_per_class(self):
        class PerClass(keras.metrics.Metric):
            def __init__(self):
                super().__init__(name="per_class")

            def update_state(self, y, y_pred, sample_weight=None):
                pass

            def result(self):
                return keras.ops.zeros(3)

        with pytest.raises(ValueError, match="`metric` must be one that is a single number"):
            fit(softmax_model([PerClass()]), SourceSelection(domains(), metric="per_class"))

    @pytest.mark.parametrize("name", ["step", "epoch", "value"])
    def test_a_domain_with_the_name_of_a_column(self, name):
        with pytest.raises(
            ValueError, match=f"a column of `evaluations`.*Received: domain '{name}'"
        ):
            SourceSelection({name: SAMPLES})

    def told(self, model=None, **arguments):
        noting = Noting()
        with pytest.raises(ValueError) as error:  # noqa: PT011
            fit(model or softmax_model(), SourceSelection(domains(), **arguments), noting)
        assert not getattr(noting, "weights", [])
        return str(error.value)

    def test_a_metric_that_is_none_before_the_first_step(self):
        assert self.told(metric="acuracy") == (
            "`metric` must be one of the compiled model's: accuracy, loss. "
            "Received: metric='acuracy'"
        )

    def test_a_metric_of_which_nobody_knows_what_is_better(self):
        def spread(y, y_pred):
            return keras.ops.max(y_pred, axis=-1) - keras.ops.min(y_pred, axis=-1)

        told = self.told(softmax_model([spread]), metric="spread")
        assert told == (
            '`mode` must say whether "min" or "max" of metric \'spread\' is better. '
            "Received: mode=None"
        )
        selection = SourceSelection(domains(), metric="spread", mode="max")
        fit(softmax_model([spread]), selection)
        values = selection.evaluations["value"]
        assert selection.best_step == 2 * (values.argmax() + 1)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"by": "median"}, "`by` must be"),
            ({"mode": "up"}, "`mode` must be"),
            ({"patience": 0}, "`patience` must be a positive integer. Received: patience=0"),
            ({"batch_size": 2.5}, "`batch_size` must be a positive integer"),
            ({"every": "step"}, "`every` must be"),
        ],
    )
    def test_arguments(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            SourceSelection(domains(), **arguments)

    def test_infinite_domains(self):
        dataset = tf.data.Dataset.from_tensor_slices(SAMPLES).repeat()
        with pytest.raises(ValueError, match=r"must be finite\. Received: domain 'photo'"):
            SourceSelection({"photo": dataset})


@pytest.mark.parametrize("callback", ["SourceSelection", "WeightAveraging"])
def test_training_that_is_over_before_it_was_time_is_told(callback):
    measures = getattr(dg_keras.callbacks, callback)(domains(), every=9)
    with pytest.warns(UserWarning, match=f"{callback} measured nothing") as seen:
        fit(softmax_model(), measures)
    assert str(seen[0].message).endswith(
        ": `every` must be at most the number of training steps, 8. Received: every=9"
    )


def counted(batches):
    """Data of which Keras does not know the length."""
    x, y = (part[:2] for part in SAMPLES)
    signature = tuple(tf.TensorSpec(part.shape, part.dtype) for part in (x, y))
    return tf.data.Dataset.from_generator(
        lambda: iter([(x, y)] * batches), output_signature=signature
    )


@pytest.mark.filterwarnings("ignore:.*ran out of data")
@pytest.mark.parametrize("surgery", [False, True])
def test_steps_of_data_of_unknown_length_are_those_that_were_taken(surgery):
    selection = SourceSelection(domains())
    model = odd(surgery)
    data = counted(10)
    model.fit(data, epochs=2, shuffle=False, verbose=0, callbacks=[selection])
    assert int(model.optimizer.iterations) == 20
    assert selection.evaluations["step"].tolist() == [10, 20]


@pytest.mark.filterwarnings("ignore:.*ran out of data")
@pytest.mark.parametrize("surgery", [False, True])
def test_an_average_up_to_the_last_step_of_unknown_data_has_it(surgery):
    averaging = dg_keras.callbacks.WeightAveraging(start=1, until=10)
    model = odd(surgery)
    model.fit(counted(10), shuffle=False, verbose=0, callbacks=[averaging])
    assert averaging.averaged == (4, 10)


class Stages(keras.Model):
    """Counts something of its own, and calls it `step`."""

    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(3, activation="softmax")
        self.step = keras.Variable(0, trainable=False, dtype="int32")

    def call(self, inputs):
        return self.dense(inputs)


def test_what_a_model_calls_step_is_its_own():
    model = Stages()
    model.compile("sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    selection = SourceSelection(domains())
    fit(model, selection)
    assert selection.evaluations["step"].tolist() == [2, 4, 6, 8]


def test_every_kind_of_domain_is_tried_before_training():
    x, y = SAMPLES
    model = softmax_model()
    with pytest.raises(ValueError, match=r"[Ss]hape"):
        fit(model, SourceSelection({"photo": (x, y), "sketch": (x[:, :3], y)}, metric="loss"))
    assert int(model.optimizer.iterations) == 0


class Drawing(keras.layers.Layer):
    """Noise, in inference as in training, and a count of its calls."""

    def __init__(self):
        super().__init__()
        self.seeds = keras.random.SeedGenerator(0)

    def build(self, shape):
        self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False)

    def call(self, inputs):
        self.calls.assign_add(1.0)
        return inputs + keras.random.normal(keras.ops.shape(inputs), seed=self.seeds)


@pytest.mark.parametrize(
    "callback",
    [
        lambda: SourceSelection(domains(), every=1, metric="loss"),
        lambda: dg_keras.callbacks.DomainMetrics(domains()),
    ],
)
def test_training_with_layers_that_draw_does_not_notice(callback):
    weights = []
    for callbacks in ([], [callback()]):
        keras.utils.set_random_seed(0)
        net = [keras.Input((4,), batch_size=5), Drawing()]
        net += [keras.layers.Dense(3, activation="softmax")]
        model = keras.Sequential(net)
        model.compile(keras.optimizers.SGD(0.5), loss="sparse_categorical_crossentropy")
        noting = Noting()
        model.fit(
            *SAMPLES,
            batch_size=5,
            epochs=3,
            shuffle=False,
            verbose=0,
            callbacks=[noting, *callbacks],
        )
        weights.append(noting.weights[-1])
    for weight, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(weight, other)


@pytest.mark.parametrize(
    "other", [{"metric": "accuracy"}, {"by": "worst"}, {"domains": {"other": SAMPLES}}]
)
def test_a_backup_of_what_was_compared_otherwise_is_told(tmp_path, other):
    arguments = {"domains": domains(), "metric": "loss", "backup": tmp_path / "best.npz"}
    model = softmax_model()
    with pytest.raises(KeyboardInterrupt):
        fit(model, SourceSelection(**arguments), Stop(), epochs=7)
    selection = SourceSelection(**{**arguments, **other})
    with pytest.warns(UserWarning, match="is of the smallest mean loss of .* begins anew"):
        fit(model, selection, epochs=7, initial_epoch=4)
    assert selection.best_step in (2, 4, 6)  # of this process
    assert len(selection.evaluations) == 3


class Alone(keras.Model):
    """Trains without an optimizer of its own."""

    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(3, activation="softmax")

    def call(self, inputs):
        return self.dense(inputs)

    def train_step(self, data):
        x, y = data
        return {"loss": self.compute_loss(x, y, self(x, training=True))}


def test_a_backup_of_a_model_without_an_optimizer(tmp_path):
    arguments = {"domains": domains(), "metric": "loss", "backup": tmp_path / "best.npz"}
    model = Alone()
    model.compile(optimizer=None, loss="sparse_categorical_crossentropy")
    with pytest.raises(KeyboardInterrupt):
        fit(model, SourceSelection(**arguments), Stop(), epochs=7)
    selection = SourceSelection(**arguments)
    fit(model, selection, epochs=7, initial_epoch=4)
    assert selection.best_step == 2  # the first of equals, of the process before
