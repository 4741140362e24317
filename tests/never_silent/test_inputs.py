"""Data of every kind that `fit` takes, and one sentence for what it can't."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from PIL import Image

import dg_keras
from dg_keras import objectives
from tests import nets
from tests.never_silent.vectors import (
    CLASSES,
    FEATURES,
    SAMPLES,
    TOLD,
    assert_moved,
    assert_same_weights,
    batch,
    compiled,
    copies,
    domains,
    how_it_runs,
    net,
    steps_on,
    surgeon,
    two_inputs,
)


def fit(model, data, batch_size=4, **arguments):
    return model.fit(data, batch_size=batch_size, verbose=0, **arguments)


class TestNestedArraysThatAreInterleaved:
    """Keras would shuffle them, and each sample would be taken for another domain's."""

    @pytest.fixture(params=[list, tuple, dict])
    def nested(self, request):
        left, right = batch(seed=1)[0], batch(seed=2)[0]
        together = {"left": left, "right": right}
        return together if request.param is dict else request.param(together.values())

    def test_are_not_shuffled(self, nested):
        model = compiled(surgeon(two_inputs()))
        with pytest.raises(ValueError, match="`shuffle` must be False"):
            model.fit(nested, batch()[1], batch_size=SAMPLES, verbose=0)

    def test_train_in_their_order(self, nested):
        model, other = (compiled(surgeon(two_inputs())) for _ in range(2))
        before = copies(model)
        steps_on(model, nested, batch()[1])
        assert_moved(before, model)
        other.train_on_batch(nested, batch()[1])
        assert_same_weights(model, other, tolerance=0)


class TestBatchesThatDoNotDivide:
    """Sample i of the next batch would be of another domain than sample i of this one."""

    message = "as many samples of each of the 3 domains"

    def stream(self, samples=24, size=8, **arguments):
        return tf.data.Dataset.from_tensor_slices(batch(samples)).batch(size, **arguments)

    def assert_told(self, stream, **arguments):
        model = compiled(surgeon(net()), jit_compile=arguments.pop("jit_compile", False))
        before = copies(model)
        with pytest.raises(TOLD, match=self.message):
            model.fit(stream, shuffle=False, verbose=0, **arguments)
        assert_same_weights(before, model, tolerance=0)

    @pytest.mark.parametrize("jit_compile", [False, True])
    def test_of_a_dataset(self, jit_compile):
        self.assert_told(self.stream(), jit_compile=jit_compile)

    def test_of_a_generator(self):
        self.assert_told(((x.numpy(), y.numpy()) for x, y in self.stream()), steps_per_epoch=3)

    def test_of_a_py_dataset(self):
        class Eights(keras.utils.PyDataset):
            def __len__(self):
                return 3

            def __getitem__(self, index):
                return batch(8, seed=index)

        self.assert_told(Eights())

    def test_of_a_last_batch(self):
        model, whole = (compiled(surgeon(net()), jit_compile=False) for _ in range(2))
        with pytest.raises(TOLD, match=self.message):
            model.fit(self.stream(14, 6), shuffle=False, verbose=0)
        whole.fit(self.stream(14, 6).take(2), shuffle=False, verbose=0)
        assert_same_weights(model, whole, tolerance=0)

    def test_are_left_out(self):
        model = compiled(surgeon(net()), jit_compile=False)
        model.fit(self.stream(14, 6, drop_remainder=True), shuffle=False, verbose=0)
        assert int(model.step) == 2


def of_any_size():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((None, None, 3)),
            layers.Conv2D(2, 1),
            layers.GlobalAveragePooling2D(),
            layers.Dense(CLASSES),
        ]
    )


def of_any_length(*, pools=True):
    keras.utils.set_random_seed(0)
    body = layers.GlobalAveragePooling1D() if pools else layers.LSTM(2, return_sequences=True)
    return keras.Sequential([keras.Input((None, 3)), body, layers.Dense(CLASSES)])


class TestSizesThatAreNotKnown:
    @pytest.mark.parametrize(
        ("make", "rank", "by_step"),
        [
            (of_any_size, 3, False),
            (of_any_length, 2, False),
            (lambda: of_any_length(pools=False), 2, True),
        ],
        ids=["images", "sequences", "sequences_by_step"],
    )
    def test_train(self, make, rank, by_step):
        """Two batches, the second of larger images or longer sequences than the first."""
        rng = np.random.default_rng(0)
        batches = [
            (
                rng.normal(size=(6, *[size] * (rank - 1), 3)).astype("float32"),
                rng.integers(CLASSES, size=(6, size) if by_step else 6),
            )
            for size in (3, 5)
        ]
        x_spec = tf.TensorSpec((None, *[None] * (rank - 1), 3))
        y_spec = tf.TensorSpec((None, None) if by_step else (None,), tf.int64)
        stream = tf.data.Dataset.from_generator(
            lambda: iter(batches), output_signature=(x_spec, y_spec)
        ).apply(tf.data.experimental.assert_cardinality(len(batches)))
        graph, eager = (compiled(surgeon(make()), **how) for how in ({"jit_compile": False}, {}))
        before = copies(graph)
        graph.fit(stream, shuffle=False, verbose=0)
        for x, y in batches:
            eager.train_on_batch(x, y)
        assert_moved(before, graph)
        assert_same_weights(graph, eager)

    def test_in_domains_that_are_streams(self):
        rng = np.random.default_rng(0)
        spec = (tf.TensorSpec((None, None, 3)), tf.TensorSpec((), tf.int64))

        def stream(brightness):
            elements = [(brightness * rng.normal(size=(6, 6, 3)), i % CLASSES) for i in range(8)]
            return tf.data.Dataset.from_generator(lambda: iter(elements), output_signature=spec)

        model = compiled(surgeon(of_any_size(), domains=None), jit_compile=False)
        before = copies(model)
        fit(model, [stream(1.0), stream(2.0)], steps_per_epoch=2)
        assert_moved(before, model)


class TestSparseAndRagged:
    """What plain Keras takes."""

    def sparse(self):
        x, y = batch()
        net = keras.Sequential([keras.Input((FEATURES,), sparse=True), layers.Dense(CLASSES)])
        return net, tf.sparse.from_dense(x * (x > 0)), y

    def ragged(self):
        class MeanEmbedding(layers.Layer):
            def build(self, _):
                self.table = self.add_weight(shape=(9, CLASSES), initializer="uniform")

            def call(self, x):
                return tf.reduce_mean(tf.gather(self.table, x), axis=1)

            def compute_output_shape(self, shape):
                return shape[0], CLASSES

        # Two words in all rows, and one class: the domains agree.
        rows = [[1] * (1 + i % 3) + [2] for i in range(SAMPLES)]
        net = keras.Sequential(
            [keras.Input((None,), dtype="int32", ragged=True), MeanEmbedding(name="embedding")]
        )
        return net, tf.ragged.constant(rows, tf.int32), np.ones(SAMPLES, "int32")

    def trained(self, kind, jit_compile, wrap):
        keras.utils.set_random_seed(0)
        net, x, y = getattr(self, kind)()
        how = {} if jit_compile is None else {"jit_compile": jit_compile}
        model = compiled(wrap(net), **how)
        stream = tf.data.Dataset.from_tensor_slices((x, y)).batch(6)
        before = copies(net)
        model.fit(stream, shuffle=False, verbose=0)
        assert_moved(before, net)
        return net

    @pytest.mark.parametrize("kind", ["sparse", "ragged"])
    @pytest.mark.parametrize("jit_compile", [None, False])
    def test_train_with_the_mean_as_in_plain_keras(self, kind, jit_compile):
        plain = self.trained(kind, jit_compile, lambda net: net)
        mean = self.trained(kind, jit_compile, lambda net: surgeon(net, "mean"))
        assert_same_weights(mean, plain)

    @pytest.mark.parametrize("jit_compile", [None, False])
    def test_train_with_surgery_as_dense(self, jit_compile):
        found = self.trained("sparse", jit_compile, surgeon)
        model = compiled(surgeon(net()))
        x, y = batch()
        for start in (0, 6):
            model.train_on_batch((x * (x > 0))[start : start + 6], y[start : start + 6])
        assert_same_weights(found, model)

    def test_train_with_surgery_when_ragged(self):
        assert_same_weights(
            self.trained("ragged", None, surgeon), self.trained("ragged", False, surgeon)
        )

    @pytest.mark.parametrize("kind", ["sparse", "ragged"])
    def test_train_as_domains(self, kind):
        # Interleaving them is the data room's.
        net, x, y = getattr(self, kind)()
        model = compiled(surgeon(net, domains=None))
        before = copies(net)
        fit(model, {"a": (x, y), "b": (x, y)}, steps_per_epoch=1)
        assert_moved(before, net)


@pytest.mark.parametrize(
    "strategy",
    ["agr_sum", *(pytest.param(s, marks=pytest.mark.slow) for s in ("agr_rand", "mean"))],
)
def test_an_embedding_trains_in_turn(strategy):
    rng = np.random.default_rng(0)
    x, y = rng.integers(9, size=(SAMPLES, 5)), rng.integers(CLASSES, size=SAMPLES)

    def trained(**how):
        keras.utils.set_random_seed(0)
        stack = [layers.Embedding(9, 3), layers.Flatten(), layers.Dense(CLASSES)]
        net = keras.Sequential([keras.Input((5,), dtype="int32"), *stack])
        model = compiled(surgeon(net, strategy, seed=0, **how), jit_compile=False)
        before = copies(net)
        steps_on(model, x, y, steps=2)
        assert_moved(before, net)
        return net

    assert_same_weights(trained(in_turn=True), trained())


def test_two_inputs_and_two_outputs_in_lists():
    # Keras takes lists for structures; interleaving them is the data room's.
    data = {}
    for i, name in enumerate("abc"):
        (left, first), (right, second) = batch(8, seed=2 * i), batch(8, seed=2 * i + 1)
        data[name] = ([left, right], [first, second])
    keys = set()
    for strategy in ("agr_sum", "mean"):
        net = two_inputs(outputs=2)
        loss = [keras.losses.SparseCategoricalCrossentropy(from_logits=True) for _ in range(2)]
        model = compiled(surgeon(net, strategy), loss)
        before = copies(net)
        keys = set(fit(model, data).history)
        assert_moved(before, net)
    assert {"loss", "loss/a", "loss/b", "loss/c"} <= keys


class TestMixupNeedsWhatCanBeMixed:
    def net(self, dtype, looks_up):
        stack = [layers.Embedding(9, 3), layers.Flatten()] if looks_up else [layers.Rescaling(1.0)]
        return keras.Sequential([keras.Input((5,), dtype=dtype), *stack, layers.Dense(CLASSES)])

    def ids(self, dtype):
        rng = np.random.default_rng(0)
        sizes = (8, 9, 10)
        return [
            (rng.integers(9, size=(n, 5)).astype(dtype), rng.integers(CLASSES, size=n))
            for n in sizes
        ]

    def assert_told(self, words, dtype, looks_up):
        model = compiled(surgeon(self.net(dtype, looks_up), objective="mixup", domains=None))
        before = copies(model)
        with pytest.raises(ValueError, match=words):
            fit(model, self.ids(dtype))
        assert_same_weights(before, model, tolerance=0)

    @pytest.mark.parametrize("dtype", ["int32", "int64"])
    def test_not_whole_numbers(self, dtype):
        self.assert_told(r"(?s)Mixup.*whole numbers|whole numbers.*Mixup", dtype, looks_up=False)

    @pytest.mark.parametrize("dtype", ["int32", "int64", "float32"])
    def test_not_what_an_embedding_looks_up(self, dtype):
        self.assert_told(r"(?s)Mixup.*Embedding|Mixup.*whole numbers", dtype, looks_up=True)

    def test_but_images_of_bytes(self):
        def trained(dtype):
            data = {
                name: (x.astype("uint8").astype(dtype), y)
                for name, (x, y) in nets.domains().items()
            }
            model = surgeon(nets.alexnet_like(), "mean", objectives.Mixup(1.0), seed=0)
            fit(compiled(model, optimizer=keras.optimizers.Adam(1e-3)), data, steps_per_epoch=1)
            return model

        before = nets.alexnet_like().get_weights()
        found = trained("uint8")
        assert_moved(before, found.net)
        assert_same_weights(found.net, trained("float32").net)


@pytest.mark.slow
def test_a_generator_that_runs_dry_is_told():
    # To tell it is the data room's. By itself, since it once went on for ever.
    script = """
import numpy as np, tensorflow as tf
from tests.never_silent.vectors import batch, compiled, domains, net, surgeon
once = zip(*batch(6))
spec = (tf.TensorSpec((5,)), tf.TensorSpec((), tf.int32))
dry = tf.data.Dataset.from_generator(lambda: once, output_signature=spec)
model = compiled(surgeon(net(), domains=None))
try:
    model.fit({"whole": domains()["a"], "dry": dry}, batch_size=4, steps_per_epoch=5, verbose=0)
except (ValueError, RuntimeError, tf.errors.OpError) as error:
    print("told of", str(error))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30
    )
    assert "told of" in done.stdout
    assert "dry" in done.stdout


class TestLabelsOutsideTheClasses:
    """XLA makes NaN of their loss, and a GPU 0."""

    message = r"(?s)label.*4 classes"

    def labelled(self, wrong):
        data = domains()
        data["b"][1][2] = wrong
        return data

    def assert_told(self, data, how, early, **arguments):
        model = compiled(surgeon(net(), domains=3), **how)
        before = copies(model)
        with pytest.raises(TOLD, match=self.message) as told:
            model.fit(data, verbose=0, **arguments)
        assert not early or isinstance(told.value, ValueError)
        if early:
            assert_same_weights(before, model, tolerance=0)
        assert all(np.isfinite(w).all() for w in model.get_weights())

    @how_it_runs
    @pytest.mark.parametrize("wrong", [4, -1])
    def test_in_arrays(self, wrong, how):
        self.assert_told(self.labelled(wrong), how, early=True, batch_size=8, steps_per_epoch=1)

    @how_it_runs
    def test_in_arrays_that_are_interleaved(self, how):
        x, y = batch()
        y[7] = CLASSES
        self.assert_told(x, how, early=True, y=y, batch_size=SAMPLES, shuffle=False)

    @pytest.mark.parametrize(
        ("wrong", "how"),
        [(-1, {}), (4, {}), (4, {"jit_compile": False}), (4, {"jit_compile": True})],
        ids=str,
    )
    def test_in_streams(self, wrong, how):
        streams = {
            name: tf.data.Dataset.from_tensor_slices(arrays)
            for name, arrays in self.labelled(wrong).items()
        }
        self.assert_told(streams, how, early=False, batch_size=10, steps_per_epoch=1)

    @how_it_runs
    def test_in_an_interleaved_stream(self, how):
        x, y = batch()
        y[7] = CLASSES
        stream = tf.data.Dataset.from_tensor_slices((x, y)).batch(SAMPLES)
        self.assert_told(stream, how, early=False, shuffle=False)

    def test_in_folders_of_images(self, tmp_path):
        """A fifth class, for a network of four."""
        for domain in ("day", "night"):
            for kind in "vwxyz":
                (tmp_path / domain / kind).mkdir(parents=True)
                for i in range(2):
                    Image.new("RGB", (12, 12), (80 * i, 0, 0)).save(
                        tmp_path / domain / kind / f"{i}.png"
                    )
        folder = dg_keras.data.load(tmp_path, image_size=12)
        model = compiled(surgeon(nets.alexnet_like(), domains=None))
        before = copies(model)
        with pytest.raises(ValueError, match=self.message):
            fit(model, {name: folder.part(name) for name in ("day", "night")})
        assert_same_weights(before, model, tolerance=0)

    @pytest.mark.parametrize("how", [{}, {"jit_compile": True}], ids=str)
    def test_but_not_the_class_that_the_loss_ignores(self, how):
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)
        model = compiled(surgeon(net()), loss, **how)
        before = copies(model)
        history = fit(model, self.labelled(-1), batch_size=10, steps_per_epoch=1).history
        assert np.isfinite(history["loss"]).all()
        assert_moved(before, model)


class TestBinaryLabels:
    """Outside of 0..1 the loss has no lower bound, and falls for as long as training lasts."""

    loss = keras.losses.BinaryCrossentropy(from_logits=True)

    def data(self, *wrong, weight=()):
        x = batch(8)[0]
        y = np.array([0, 1, *wrong, *[1] * (6 - len(wrong))], "float32")
        return {name: (x, y, *weight) for name in "abc"}

    def model(self, **how):
        return compiled(surgeon(net(classes=1)), self.loss, **how)

    @how_it_runs
    def test_are_told_in_a_stream(self, how):
        streams = {
            name: tf.data.Dataset.from_tensor_slices(arrays)
            for name, arrays in self.data(255).items()
        }
        with pytest.raises(TOLD, match="A label must be 0 or 1, or lie between"):
            fit(self.model(**how), streams, batch_size=8, steps_per_epoch=1)

    @how_it_runs
    @pytest.mark.parametrize("as_streams", [False, True])
    def test_may_be_shares(self, as_streams, how):
        data = self.data(0.25, 1.0000001)
        if as_streams:
            data = {k: tf.data.Dataset.from_tensor_slices(arrays) for k, arrays in data.items()}
        history = fit(self.model(**how), data, batch_size=8, steps_per_epoch=1).history
        assert np.isfinite(history["loss"]).all()

    def test_may_be_anything_where_weights_tell_which_are_known(self):
        weight = np.array([1, 1, 0, 1, 1, 1, 1, 1], "float32")
        known, unknown = self.model(), self.model()
        fit(known, self.data(0, weight=[weight]), batch_size=8, steps_per_epoch=1, shuffle=False)
        fit(unknown, self.data(-1, weight=[weight]), batch_size=8, steps_per_epoch=1, shuffle=False)
        assert_same_weights(known, unknown)
        x, y, w = self.data(-1, weight=[weight])["a"]
        steps_on(unknown, *(np.repeat(of, 3, axis=0) for of in (x, y)), sample_weight=w.repeat(3))

    def test_may_be_anything_where_the_loss_or_a_mask_leaves_them_out(self):
        class Known(keras.losses.BinaryCrossentropy):
            def call(self, y_true, y_pred):
                is_known = keras.ops.cast(y_true >= 0, y_pred.dtype)
                return keras.ops.mean(is_known * (y_pred - y_true) ** 2, axis=-1)

        model = compiled(surgeon(net(classes=1)), Known())
        fit(model, self.data(-1), batch_size=8, steps_per_epoch=1)
        words = keras.Sequential(
            [keras.Input((3,)), layers.Embedding(9, 4, mask_zero=True), layers.Dense(1)]
        )
        model = compiled(surgeon(words), self.loss)
        x, y = np.array([[1, 2, 0]] * 8), np.array([[[1], [0], [-1]]] * 8)
        fit(model, {name: (x, y) for name in "abc"}, batch_size=8, steps_per_epoch=1)

    def test_a_class_left_out_of_class_weight_has_a_weight_of_1(self):
        whole, part = self.model(), self.model()
        for model, weight in ((whole, {0: 1.0, 1: 3.0}), (part, {1: 3.0})):
            fit(model, self.data(), batch_size=8, steps_per_epoch=1, class_weight=weight)
        assert_same_weights(whole, part)
