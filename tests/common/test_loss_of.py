"""The losses that `compile` knows by name, beside what Keras makes of them."""

import keras
import numpy as np
import pytest

import dg_keras
from dg_keras.common.loss_of import loss_of

RNG = np.random.default_rng(0)
OF_CLASSES = RNG.integers(3, size=12)


@pytest.mark.parametrize(
    ("width", "y"),
    [
        (1, RNG.integers(2, size=(12, 1))),
        (3, OF_CLASSES),
        (3, OF_CLASSES[:, None]),
        (3, np.eye(3)[OF_CLASSES]),
    ],
    ids=["two classes", "numbers", "numbers in a column", "shares"],
)
@pytest.mark.parametrize("name", ["crossentropy", "CE"])
def test_it_is_that_of_keras(width, y, name):
    keras.utils.set_random_seed(0)
    activation = "sigmoid" if width == 1 else "softmax"
    net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(width, activation)])
    x, y = RNG.normal(size=(12, 4)).astype("float32"), y.astype("float32")
    model = keras.Sequential(net.layers)
    model.compile("sgd", name)
    expected = model.evaluate(x, y, batch_size=12, verbose=0)
    y_pred = keras.ops.convert_to_tensor(net.predict(x, verbose=0))
    found = loss_of(name)(keras.ops.convert_to_tensor(y), y_pred)
    np.testing.assert_allclose(np.mean(found), expected, rtol=1e-6)

    # And it trains, as with Keras alone.
    ours = dg_keras.DomainGeneralizer(keras.models.clone_model(net), "mean", domains=2)
    ours.net.set_weights(net.get_weights())
    ours.compile("sgd", name)
    model.fit(x, y, batch_size=12, shuffle=False, verbose=0)
    ours.fit(x, y, batch_size=12, shuffle=False, verbose=0)
    for weight, other in zip(ours.net.get_weights(), net.get_weights(), strict=True):
        np.testing.assert_allclose(weight, other, atol=1e-6)


def test_an_objective_that_needs_logits_refuses_it():
    net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    model = dg_keras.DomainGeneralizer(net, "mean", "irm", domains=2)
    model.compile("sgd", "crossentropy")
    with pytest.raises(ValueError, match=r"`loss` must take logits.* Received: cross_entropy, wh"):
        model.fit(np.zeros((4, 4)), np.zeros(4), batch_size=4, verbose=0)
