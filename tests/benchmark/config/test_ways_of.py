"""How many models an experiment trains with."""

import pytest

from dg_keras import benchmark
from dg_keras.benchmark.config.grid_settings import grid_settings
from dg_keras.benchmark.config.ways_of import ways_of

RATES = "grid={learning_rate: [1e-3, 1e-4, 1e-5], weight_decay: [0, 1e-2]}"
SIZES = "grid={image_size: [32, 40], learning_rate: [1e-3, 1e-4], choose: for_all}"
CHOSEN = "methods=[{name: Deep-All, targets: {photo: {learning_rate: 0.1}}}, Agr-Sum]"


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["methods=[Deep-All, Agr-Sum]"], 2),
        (["methods=[Deep-All, Agr-Sum]", RATES], 12),
        (["methods=[Deep-All]", SIZES], 2),
        ([CHOSEN], 3),
    ],
    ids=["methods", "times a grid", "of one size", "one more where photos are held out"],
)
def test_a_way_is_a_method_and_an_optimizer(overrides, expected):
    (config,) = benchmark.read("configs/smoke.yaml", overrides).configs
    trained = grid_settings(config)[0].config
    assert ways_of(trained, ["photo", "sketch", "clipart"]) == expected
