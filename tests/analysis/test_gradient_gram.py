"""The Gram matrix of per-sample gradients against a loop of one tape per sample."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from dg_keras.analysis import GradientGram
from tests import nets

SAMPLES = 5
CROSSENTROPY = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@pytest.fixture
def float64():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float64")
    keras.utils.set_random_seed(0)
    yield
    keras.config.set_dtype_policy(before)


def by_loop(model, x, y, loss=CROSSENTROPY):
    """Inner products of the gradients of batches of one sample, in float64."""
    gradients = []
    for n in range(len(y)):
        sample = keras.tree.map_structure(lambda t, n=n: t[n : n + 1], x)
        with tf.GradientTape() as tape:
            value = loss(y[n : n + 1], model(sample, training=False))
        variables = [v.value for v in model.trainable_variables]
        gradient = tape.gradient(value, variables, unconnected_gradients="zero")
        flat = [np.ravel(tf.convert_to_tensor(g)).astype("float64") for g in gradient]
        gradients.append(np.concatenate(flat))
    gradients = np.stack(gradients)
    return gradients @ gradients.T


def labels():
    return np.random.default_rng(1).integers(nets.CLASSES, size=SAMPLES)


def numbers(*shape):
    return np.random.default_rng(0).normal(size=(SAMPLES, *shape))


def shake(model):
    """Moves all weights off the values, 0 and 1, at which errors could hide."""
    rng = np.random.default_rng(2)
    model.set_weights([w + rng.uniform(0.05, 0.3, w.shape) for w in model.get_weights()])
    return model


@keras.saving.register_keras_serializable(package="tests")
class Tilt(layers.Layer):
    """A layer that no rule knows: `x * tanh(w) + w^2`, with another argument beside."""

    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1],), initializer="ones", name="w")

    def call(self, x, factor=1.0):
        return factor * x * keras.ops.tanh(self.w) + self.w**2


def sequential(shape, *stack):
    return keras.Sequential([keras.Input(shape), *stack, layers.Dense(nets.CLASSES)]), numbers(
        *shape
    )


def convolutions():
    return sequential(
        (7, 9, 3),
        layers.Conv2D(4, 3, strides=2, padding="same", activation="relu"),
        layers.Conv2D(6, 2, dilation_rate=2, use_bias=False),
        layers.Flatten(),
    )


def depthwise_and_batch_norm():
    return sequential(
        (6, 6, 3),
        layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same"),
        layers.BatchNormalization(),
        layers.ReLU(6),
        layers.GlobalAveragePooling2D(),
    )


def dense_at_few_positions():
    """Inner products of the factors are the smaller way."""
    return sequential((2, 6), layers.Dense(9, activation="softmax"), layers.Flatten())


def dense_at_many_positions():
    """The gradients themselves are the smaller way."""
    return sequential((4, 5, 2), layers.Dense(3, activation="tanh"), layers.Flatten())


def unknown_layer():
    x = keras.Input((3,))
    model = keras.Model(x, layers.Dense(nets.CLASSES)(Tilt()(x, factor=0.5)))
    return model, numbers(3)


def frozen_layers():
    frozen = layers.Dense(4)
    frozen.trainable = False
    return sequential((3,), layers.Dense(5, activation="relu"), frozen)


def layers_called_twice():
    x = keras.Input((4,))
    dense, tilt = layers.Dense(4, activation="tanh"), Tilt()
    out = layers.Dense(nets.CLASSES)(tilt(dense(tilt(dense(x)))))
    return keras.Model(x, out), numbers(4)


def network_inside_called_twice():
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(4, activation="tanh"), Tilt()])
    network = keras.Sequential([keras.Input((4,)), inner, layers.Dense(3)])
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    out = layers.Dense(nets.CLASSES)(layers.Concatenate()([network(a), network(b)]))
    return keras.Model({"b": b, "a": a}, out), {"a": numbers(4), "b": numbers(4)[::-1]}


def attention_and_recurrence():
    x = keras.Input((3, 4))
    attended = layers.MultiHeadAttention(2, 2)(x, x)
    out = layers.Dense(nets.CLASSES)(layers.SimpleRNN(3, unroll=True)(attended))
    return keras.Model(x, out), numbers(3, 4)


def layer_without_effect():
    """Its gradient is zero, as the loss does not see it."""
    x = keras.Input((3,))
    seen = layers.Dense(nets.CLASSES)(x)
    unseen = keras.ops.stop_gradient(layers.Dense(nets.CLASSES)(x))
    return keras.Model(x, seen + unseen), numbers(3)


def channels_first():
    return sequential(
        (3, 6, 7),
        layers.Conv2D(4, 3, data_format="channels_first", activation="relu"),
        layers.Conv2D(2, 2, data_format="channels_first", activation="tanh"),
        layers.Flatten(),
    )


def outputs_of_one_another():
    """A layer and a network, one output of which is computed from the other."""
    x = keras.Input((3, 4))
    whole, last, state = layers.LSTM(3, return_state=True, unroll=True)(x)
    inner_x = keras.Input((3,))
    hidden = layers.Dense(3, activation="tanh")(inner_x)
    inner = keras.Model(inner_x, [hidden, layers.Dense(3)(hidden)])
    hidden, out = inner(whole + 2 * last + 3 * state)
    return keras.Model(x, layers.Dense(nets.CLASSES)(hidden + out)), numbers(3, 4)


@keras.saving.register_keras_serializable(package="tests")
class Doubled(keras.Sequential):
    """A network whose layers do not tell what it computes."""

    def call(self, inputs, training=None, mask=None):
        inside = super().call(inputs, training=training, mask=mask)
        return 2 * inside + keras.ops.cast(inputs, inside.dtype) ** 2


def network_inside_with_a_call_of_its_own():
    inner = Doubled([keras.Input((4,)), layers.Dense(4, activation="tanh")])
    x = keras.Input((4,))
    return keras.Model(x, layers.Dense(nets.CLASSES)(inner(x))), numbers(4)


def masks_inside():
    tokens = np.random.default_rng(3).integers(4, size=(SAMPLES, 6))
    assert (tokens == 0).any()
    x = keras.Input((6,), dtype="int32")
    embedded = layers.Embedding(4, 3, mask_zero=True)(x)
    recurrent = layers.SimpleRNN(3, unroll=True, return_sequences=True)(embedded)
    attended = layers.MultiHeadAttention(1, 2)(recurrent, recurrent)
    pooled = layers.GlobalAveragePooling1D()(layers.Dense(3, activation="tanh")(attended))
    return keras.Model(x, layers.Dense(nets.CLASSES)(pooled)), tokens


@pytest.mark.parametrize(
    "make",
    [
        convolutions,
        depthwise_and_batch_norm,
        dense_at_few_positions,
        dense_at_many_positions,
        unknown_layer,
        frozen_layers,
        layers_called_twice,
        network_inside_called_twice,
        attention_and_recurrence,
        layer_without_effect,
        outputs_of_one_another,
        network_inside_with_a_call_of_its_own,
        masks_inside,
    ],
)
def test_is_that_of_a_loop(float64, make):
    model, x = make()
    shake(model)
    expected = by_loop(model, x, labels())
    np.testing.assert_allclose(
        GradientGram(model, CROSSENTROPY)(x, labels()), expected, atol=1e-6 * abs(expected).max()
    )


def softmax_dense():
    return [layers.Dense(nets.CLASSES, activation="softmax")]


def softmax_layer():
    return [layers.Dense(nets.CLASSES), layers.Softmax()]


def softmax_of_half():
    """Keras then knows the logits, which are not what the layer has before its activation."""
    return [layers.Dense(nets.CLASSES, activation=lambda z: keras.activations.softmax(z / 2))]


def softmax_in_networks_inside():
    innermost = keras.Sequential([keras.Input((4,)), layers.Dense(4), *softmax_dense()])
    return [keras.Sequential([keras.Input((4,)), innermost])]


def softmax_convolution():
    convolution = layers.Conv2D(nets.CLASSES, 1, activation="softmax")
    return [layers.Reshape((1, 1, 4)), convolution, layers.Reshape((nets.CLASSES,))]


def softmax_of_any_layer():
    @keras.saving.register_keras_serializable(package="tests")
    class Head(Tilt):
        def call(self, x):
            return keras.activations.softmax(super().call(x))

    return [Head()]


def softmax_of_tensorflow():
    """Keras takes this for a softmax in a graph alone."""
    return [layers.Dense(nets.CLASSES), layers.Dense(nets.CLASSES, activation=tf.nn.softmax)]


@pytest.mark.parametrize(
    "make",
    [
        softmax_dense,
        softmax_layer,
        softmax_of_half,
        softmax_in_networks_inside,
        softmax_convolution,
        softmax_of_any_layer,
        softmax_of_tensorflow,
    ],
)
def test_of_a_softmax_head(make):
    keras.utils.set_random_seed(0)
    first = layers.Dense(4, activation="relu")
    model, x = keras.Sequential([keras.Input((3,)), first, *make()]), numbers(3)
    shake(model)
    loss = keras.losses.SparseCategoricalCrossentropy()
    expected = by_loop(model, x, labels(), loss)
    assert expected.max() > 0.01
    np.testing.assert_allclose(
        GradientGram(model, loss)(x, labels()), expected, atol=1e-5 * expected.max()
    )


def test_of_a_softmax_head_that_is_sure_of_the_wrong_class():
    """Of a probability below epsilon alone there would be no gradient."""
    model = keras.Sequential([keras.Input((3,)), *softmax_dense()])
    model.set_weights([200 * w for w in model.get_weights()])
    loss = keras.losses.SparseCategoricalCrossentropy()
    assert model(numbers(3)).numpy()[np.arange(SAMPLES), labels()].min() < 1e-7
    expected = by_loop(model, numbers(3), labels(), loss)
    np.testing.assert_allclose(
        GradientGram(model, loss)(numbers(3), labels()), expected, atol=1e-5 * expected.max()
    )


@pytest.mark.parametrize("classes", [1, 3])
def test_of_a_sigmoid_head(classes):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((3,)),
            layers.Dense(4, activation="sigmoid"),
            layers.Dense(classes, activation="sigmoid"),
        ]
    )
    shape = (SAMPLES, classes) if classes > 1 else SAMPLES
    y = np.random.default_rng(1).integers(2, size=shape)
    model.compile(loss="binary_crossentropy")

    def loss(y, y_pred):
        return model.compute_loss(None, y, y_pred)

    expected = by_loop(model, numbers(3), y, loss)
    assert expected.max() > 0.01
    np.testing.assert_allclose(
        GradientGram(model)(numbers(3), y), expected, atol=1e-5 * expected.max()
    )


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", None])
@pytest.mark.parametrize("activation", [None, "softmax"])
def test_a_mask_on_the_output_counts(reduction, activation):
    keras.utils.set_random_seed(0)
    x, rng = keras.Input((4, 3)), np.random.default_rng(0)
    recurrent = layers.SimpleRNN(3, return_sequences=True, unroll=True)(layers.Masking()(x))
    model = keras.Model(x, layers.Dense(nets.CLASSES, activation=activation)(recurrent))
    samples = numbers(4, 3)
    samples[0, 1:] = samples[1, 3:] = samples[2, :2] = 0
    y = rng.integers(nets.CLASSES, size=(SAMPLES, 4))
    loss = keras.losses.SparseCategoricalCrossentropy(
        from_logits=activation is None, reduction=reduction
    )

    def of_sample(y, y_pred):
        return keras.ops.mean(loss(y, y_pred))

    expected = by_loop(model, samples, y, of_sample)
    gram = GradientGram(model, loss)(samples, y)
    np.testing.assert_allclose(gram, expected, atol=1e-5 * expected.max())
    if reduction == "sum_over_batch_size":
        model.compile(loss=loss)
        trained = by_loop(model, samples, y, lambda y, p: model.compute_loss(None, y, p))
        np.testing.assert_allclose(gram, trained, atol=1e-5 * expected.max())


def two_inputs(structure):
    """A network whose inputs are not in the order of their names."""
    keras.utils.set_random_seed(0)
    b, a = keras.Input((3,), name="b"), keras.Input((3,), name="a")
    out = layers.Dense(nets.CLASSES)(layers.Dense(4, activation="tanh")(b) * layers.Dense(4)(a))
    return keras.Model({"list": [b, a], "dict": {"b": b, "a": a}}[structure], out)


@pytest.mark.parametrize(
    ("structure", "given"),
    [
        ("list", lambda b, a: [b, a]),
        ("list", lambda b, a: (b, a)),
        ("list", lambda b, a: {"b": b, "a": a}),
        ("list", lambda b, a: {"a": a, "b": b}),
        ("dict", lambda b, a: {"b": b, "a": a}),
        ("dict", lambda b, a: {"a": a, "b": b, "neither": b}),
    ],
)
def test_inputs_are_told_by_name_or_in_the_network_s_order(float64, structure, given):
    model = two_inputs(structure)
    b, a = numbers(3), numbers(3)[::-1] ** 2
    own = [b, a] if structure == "list" else {"b": b, "a": a}
    expected = by_loop(model, own, labels())
    np.testing.assert_allclose(
        GradientGram(model, CROSSENTROPY)(given(b, a), labels()),
        expected,
        atol=1e-6 * abs(expected).max(),
    )


def test_inputs_of_a_network_inside_are_told_by_name(float64):
    inner, (b, a) = two_inputs("list"), (keras.Input((3,), name="p"), keras.Input((3,), name="q"))
    model = keras.Model([b, a], layers.Dense(nets.CLASSES)(inner({"a": a, "b": b})))
    x = [numbers(3), numbers(3)[::-1] ** 2]
    expected = by_loop(model, x, labels())
    np.testing.assert_allclose(
        GradientGram(model, CROSSENTROPY)(x, labels()), expected, atol=1e-6 * abs(expected).max()
    )


@pytest.mark.parametrize(
    ("structure", "x", "message"),
    [
        (
            "list",
            numbers(3),
            r"inputs \['b', 'a'\], in this order or as a dict. Received: 1 arrays",
        ),
        ("list", {"b": numbers(3), "c": numbers(3)}, r"Received: \['b', 'c'\]"),
        ("dict", [numbers(3), numbers(3)], "as a dict. Received: 2 arrays"),
    ],
)
def test_other_inputs_are_one_sentence(structure, x, message):
    with pytest.raises(ValueError, match=f"`x` must have the network's .*{message}"):
        GradientGram(two_inputs(structure), CROSSENTROPY)(x, labels())


def test_other_numbers_of_labels_are_one_sentence():
    model, x = dense_at_few_positions()
    with pytest.raises(ValueError, match=r"as many samples\. Received: \[5\] and 4"):
        GradientGram(model, CROSSENTROPY)(x, labels()[:4])


def test_of_images_with_the_channels_first():
    """In float32, in which alone a CPU takes them, if its TensorFlow uses oneDNN."""
    try:
        tf.nn.conv2d(tf.zeros([1, 3, 6, 7]), tf.zeros([3, 3, 3, 4]), 1, "VALID", "NCHW")
    except tf.errors.UnimplementedError:
        pytest.skip("this processor takes the channels last alone")
    model, x = channels_first()
    shake(model)
    expected = by_loop(model, x, labels())
    np.testing.assert_allclose(
        GradientGram(model, CROSSENTROPY)(x, labels()), expected, atol=1e-5 * abs(expected).max()
    )


def test_dropout_is_off_and_batch_norm_moves_nothing():
    model = shake(nets.alexnet_like(dropout=0.5, batch_norm=True))
    before = model.get_weights()
    x, y = (t[:SAMPLES] for t in nets.domains(1)["photo"])
    gram = GradientGram(model, CROSSENTROPY)(x, y)
    expected = by_loop(model, x, y)
    np.testing.assert_allclose(gram, expected, atol=1e-5 * abs(expected).max())
    for weight, was in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, was)


def test_of_logistic_regression_worked_by_hand(float64):
    model = shake(keras.Sequential([keras.Input((3,)), layers.Dense(1)]))
    x, y = numbers(3), np.array([0, 1, 0, 1, 1])
    kernel, bias = model.get_weights()
    slope = 1 / (1 + np.exp(-(x @ kernel + bias)[:, 0])) - y
    gram = GradientGram(model, keras.losses.BinaryCrossentropy(from_logits=True))(x, y)
    np.testing.assert_allclose(gram, np.outer(slope, slope) * (x @ x.T + 1), rtol=1e-6)


def test_follows_the_weights_and_is_traced_once(float64):
    model, x = dense_at_few_positions()
    gram = GradientGram(model, CROSSENTROPY)
    first = gram(x, labels())
    shake(model)
    second = gram(x, labels())
    assert not np.allclose(first, second)
    np.testing.assert_allclose(second, by_loop(model, x, labels()), rtol=1e-6)
    assert gram._traced.experimental_get_tracing_count() == 1


@pytest.mark.parametrize(
    "loss",
    [
        "mse",
        keras.losses.MeanSquaredError(),
        keras.losses.Huber(reduction="sum"),
        lambda y, y_pred: keras.ops.mean((y - y_pred) ** 4, axis=-1),
    ],
)
def test_takes_the_loss_that_the_model_is_compiled_with(loss):
    model = shake(keras.Sequential([keras.Input((3,)), layers.Dense(1, kernel_regularizer="l2")]))
    model.compile(loss=loss)
    x, y = numbers(3).astype("float32"), numbers()  # labels of one axis less than the predictions

    def without_penalty(y, y_pred):
        return model.compute_loss(None, y, y_pred) - model.losses[0]

    np.testing.assert_allclose(
        GradientGram(model)(x, y), by_loop(model, x, y, without_penalty), rtol=1e-4
    )


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum"])
def test_a_loss_at_several_positions_is_reduced_as_the_loss_does(float64, reduction):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=reduction)
    model = shake(keras.Sequential([keras.Input((4, 3)), layers.Dense(nets.CLASSES)]))
    y = np.random.default_rng(0).integers(nets.CLASSES, size=(SAMPLES, 4))
    expected = by_loop(model, numbers(4, 3), y, loss)
    np.testing.assert_allclose(GradientGram(model, loss)(numbers(4, 3), y), expected, rtol=1e-6)


def test_mixed_precision_is_near_the_full_one():
    mixed = nets.alexnet_like()
    x, y = (t[:SAMPLES] for t in nets.domains(1)["photo"])
    expected = by_loop(mixed, x, y)
    for layer in mixed.layers[:-1]:
        layer.dtype_policy = keras.DTypePolicy("mixed_float16")
    gram = GradientGram(mixed, CROSSENTROPY)(x, y)
    np.testing.assert_allclose(gram, expected, atol=0.01 * abs(expected).max())


def shares_a_variable():
    x, dense = keras.Input((3,)), layers.Dense(3)
    return keras.Model(x, layers.TimeDistributed(dense)(dense(x)[:, None])[:, 0])


def test_layers_that_share_a_variable_are_one_sentence():
    with pytest.raises(ValueError, match="must not have layers that share a variable"):
        GradientGram(shares_a_variable(), CROSSENTROPY)(numbers(3), labels() % 3)


class Subclassed(keras.Model):
    """A network whose layers cannot be seen from outside."""


def without_weights():
    return keras.Sequential([keras.Input((3,)), layers.ReLU()])


def two_outputs():
    x = keras.Input((3,))
    return keras.Model(x, [layers.Dense(2)(x), layers.Dense(2)(x)])


@pytest.mark.parametrize(
    ("make", "loss", "message"),
    [
        (Subclassed, "mse", "must be a Functional model"),
        (lambda: keras.Sequential([layers.Dense(2)]), "mse", "must be a Functional model"),
        (two_outputs, "mse", "of one output"),
        (without_weights, "mse", "must have trainable variables"),
        (lambda: Doubled([keras.Input((2,)), layers.Dense(2)]), "mse", "which overrides `call`"),
        (nets.alexnet_like, None, "`loss` must be given"),
    ],
)
def test_wrong_arguments_are_one_sentence(make, loss, message):
    with pytest.raises(ValueError, match=message):
        GradientGram(make(), loss)


def test_leaves_the_model_as_it_was():
    model = nets.alexnet_like(batch_norm=True)
    config = model.get_config()
    GradientGram(model, CROSSENTROPY)
    assert model.get_config() == config


@pytest.mark.parametrize(
    "loss",
    [
        *("crossentropy", "CE", ["sparse_categorical_crossentropy"]),
        *({"head": "sparse_categorical_crossentropy"}, ["ce"]),
    ],
)
def test_is_that_of_any_form_that_compile_takes(loss):
    keras.utils.set_random_seed(0)
    layers = [keras.Input((4,)), keras.layers.Dense(3, activation="softmax", name="head")]
    model = keras.Sequential(layers)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(5, 4)).astype("float32"), rng.integers(3, size=5)
    expected = GradientGram(model, "sparse_categorical_crossentropy")(x, y)
    model.compile("sgd", loss)
    np.testing.assert_allclose(GradientGram(model)(x, y), expected, rtol=1e-6)
