"""Results of other weights do not stand in one table."""

import hashlib

import pytest

from dg_keras import backbones, benchmark
from dg_keras.benchmark.training.weights_digest import weights_digest


def config(weights, name="efficientnet_lite0"):
    given = [f"backbone.weights={weights}", f"backbone.name={name}", "backbone.train_from=null"]
    return benchmark.read("configs/smoke.yaml", given).configs[0]


def test_it_is_that_of_the_file_as_it_lies_there(tmp_path):
    file = tmp_path / "own.weights.h5"
    assert weights_digest(config(file)) is None
    for content in (b"one", b"another"):
        file.write_bytes(content)
        assert weights_digest(config(file)) == hashlib.sha256(content).hexdigest()


def test_imagenet_is_the_file_that_ships():
    file = backbones.weights_file("efficientnet_lite0", "imagenet")
    expected = hashlib.sha256(file.read_bytes()).hexdigest()
    assert weights_digest(config("imagenet")) == expected


@pytest.mark.parametrize(
    ("weights", "name"), [("null", "efficientnet_lite0"), ("imagenet", "MobileNetV2")]
)
def test_there_is_none_of_random_weights_and_of_those_that_keras_keeps(weights, name):
    assert weights_digest(config(weights, name)) is None
