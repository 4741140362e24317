"""What is no data by itself, and looks like it."""

import re

import keras
import numpy as np
import pandas as pd
import pytest

import dg_keras
from tests.benchmark.few_images import few_images
from tests.nets import alexnet_like, compiled


@pytest.fixture(scope="module")
def images():
    return dg_keras.data.load(f"{few_images()}/images", target="sketch", image_size=12)


@pytest.fixture(scope="module")
def model():
    return compiled(dg_keras.DomainGeneralizer(alexnet_like(), domains=["a", "b", "c"]))


@pytest.mark.parametrize("call", ["fit", "evaluate", "predict"])
def test_a_whole_data_set_is_told_to_have_parts(images, model, call):
    name = re.escape(repr(images.name))
    with pytest.raises(ValueError, match=f"a part of a data set: `train`.* all of {name}$"):
        getattr(model, call)(images)


@pytest.mark.parametrize(
    ("call", "wanted"),
    [
        ("fit", "in a dict of domains"),
        ("evaluate", "batched, or in a dict of domains"),
        ("predict", "batched"),
    ],
)
def test_a_domain_that_is_in_no_dict_is_told(images, model, call, wanted):
    told = f"A domain in `x` must be {wanted}. Received: 'photo' by itself, unbatched"
    with pytest.raises(ValueError, match=re.escape(told)):
        getattr(model, call)(images.train["photo"])


def test_so_is_one_to_validate_on(images, model):
    with pytest.raises(ValueError, match=r"A domain in `validation_data` must be batched, or in a"):
        model.fit(images.train, validation_data=images.part("sketch", "test"))
    with pytest.raises(ValueError, match=r"`validation_data` must be a part of a data set"):
        model.fit(images.train, validation_data=images)


def test_tables_without_labels_are_told_to_be_domains(model):
    """Whose names are those of the model's domains, which were taken for interleaved inputs."""
    tables = {name: pd.DataFrame({"age": [1.0, 2.0]}) for name in "abc"}
    with pytest.raises(ValueError, match=r"^`x` must be domains, .* of type dict of DataFrame, "):
        model.fit(tables)


def test_inputs_may_be_called_as_the_domains(model):
    inputs = {name: keras.Input((2,), name=name) for name in ("text", "image")}
    outputs = keras.layers.Dense(4)(keras.layers.Concatenate()(list(inputs.values())))
    named = compiled(dg_keras.DomainGeneralizer(keras.Model(inputs, outputs), domains=[*inputs]))
    x = {name: np.ones((8, 2), "float32") for name in inputs}
    named.fit(x, np.zeros(8, int), batch_size=8, shuffle=False, verbose=0)
    assert int(named.step) == 1


def test_a_domain_may_be_mapped_to_batches(images, model):
    batches = images.part("photo", "test").map(lambda x, y: (x[None], y[None]))
    assert model.predict(batches, steps=2, verbose=0).shape == (2, 4)
