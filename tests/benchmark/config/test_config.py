"""Configs, and the sentences that a wrong one gets."""

from pathlib import Path

import pytest

from dg_keras import benchmark
from dg_keras.benchmark.config.config import METHODS, Method
from dg_keras.benchmark.config.grid_settings import grid_settings
from dg_keras.data import KNOWN

CONFIGS = sorted(Path("configs").glob("*.yaml"))


def read(*arguments):
    """The config of a plan of one experiment."""
    (config,) = benchmark.read(*arguments).configs
    return config


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_every_config_that_ships_is_valid(path):
    assert benchmark.read(path).name == path.stem


def test_the_paper_is_1920_runs():
    plan = benchmark.read("configs/paper.yaml")
    runs = [
        config.trials * len(config.methods) * len(KNOWN[config.data.name].domains)
        for config in plan.configs
    ]
    assert [config.data.name for config in plan.configs] == ["pacs", "vlcs", "office_home"]
    assert sum(runs) == 1920


def test_overrides_reach_every_experiment_of_a_plan():
    plan = benchmark.read("configs/paper.yaml", ["trials=2"])
    assert [config.trials for config in plan.configs] == [2, 2, 2]


def test_a_grid_trains_every_method_with_every_setting():
    config = read("configs/styleshift_grid.yaml")
    trained = [method for s in grid_settings(config) for method in s.methods.values()]
    assert len(trained) == len(config.methods) * 3 * 2
    assert len({method.name for method in trained}) == len(trained)
    first = grid_settings(config)[1].methods["Deep-All"]
    assert first.name == "Deep-All, rate 0.0003, decay 0.005"
    assert (first.learning_rate, first.weight_decay) == (3e-4, 5e-3)
    assert config.of_run(first, "sketch")["tested"] is False


def test_a_grid_over_what_methods_share_trains_as_many_experiments():
    grid = "grid={choose: for_all, image_size: [32, 64], batch_size: [4, 8], learning_rate: [0.1]}"
    config = read("configs/smoke.yaml", ["methods=[Deep-All]", grid])
    shared = [
        (s.config.data.image_size, s.config.training.batch_size) for s in grid_settings(config)
    ]
    assert shared == [(32, 4), (32, 8), (64, 4), (64, 8)]
    setting = grid_settings(config)[2]
    method = setting.methods["Deep-All"]
    assert method.name == "Deep-All, 64 pixels, batch 4, rate 0.1"
    told = setting.config.of_run(method, "sketch")
    assert (told["data"]["image_size"], told["training"]["batch_size"]) == (64, 4)
    assert told["tested"] is False


def test_a_method_is_a_name_or_a_pair():
    method = "{name: Noise, strategy: {class_name: agr_rand, config: {zero_agrees: false}}}"
    config = read("configs/smoke.yaml", [f"methods=[Deep-All, {method}]"])
    first, second = config.methods
    assert (first.objective, first.strategy) == METHODS["Deep-All"]
    assert second.objective == "empirical_risk"


@pytest.mark.parametrize("name", METHODS)
def test_a_known_name_with_other_keys_stands_for_what_it_stands_for_alone(name):
    alone, with_rate = (
        Method.model_validate(given) for given in (name, {"name": name, "learning_rate": 3e-4})
    )
    assert (with_rate.objective, with_rate.strategy) == METHODS[name]
    assert with_rate == alone.model_copy(update={"learning_rate": 3e-4})


@pytest.mark.parametrize(
    "given",
    [
        {"objective": {"class_name": "irm", "config": {"anneal_steps": 3}}},
        {"objective": {"class_name": "dg_keras>IRM", "config": {}}},
        {"objective": "irm", "strategy": "pcgrad"},
    ],
    ids=["other arguments", "a registered name", "both"],
)
def test_what_a_known_name_is_given_is_what_it_is(given):
    method = Method(name="IRM", **given)
    assert method.objective == given["objective"]
    assert method.strategy == given.get("strategy", "mean")


def test_a_method_can_have_settings_per_held_out_domain():
    method = "{name: Deep-All, weight_decay: 0.1, targets: {photo: {learning_rate: 0.5}}}"
    config = read("configs/smoke.yaml", [f"methods=[{method}]"])
    (method,) = config.methods
    photo, sketch = (config.optimizer_of(method, target) for target in ("photo", "sketch"))
    assert (photo.learning_rate, photo.weight_decay) == (0.5, 0.1)
    assert (sketch.learning_rate, sketch.weight_decay) == (1e-3, 0.1)
    # A run depends on the settings of its own held-out domain alone.
    plain = Method(name="Deep-All", weight_decay=0.1)
    assert config.of_run(method, "sketch") == config.of_run(plain, "sketch")
    assert config.of_run(method, "photo") != config.of_run(plain, "photo")


def test_what_is_reported_is_no_matter_of_a_run():
    plain, level = (
        read("configs/smoke.yaml", ["along_training.accuracy=true", *more])
        for more in ([], ["report.level_from=4"])
    )
    assert level.report.level_from == level.training.steps == 4
    assert level.of_run(level.methods[0], "photo") == plain.of_run(plain.methods[0], "photo")


def test_numbers_are_read_as_people_write_them():
    config = read("configs/smoke.yaml", ["training.optimizer.learning_rate=1e-3"])
    assert config.training.optimizer.learning_rate == 1e-3


def test_strategies_of_ones_own_are_imported(tmp_path, monkeypatch):
    (tmp_path / "my_strategies.py").write_text(
        "import dataclasses\nimport keras\nimport dg_keras\n"
        "@keras.saving.register_keras_serializable(package='mine')\n"
        "@dataclasses.dataclass(frozen=True)\n"
        "class Sum(dg_keras.strategies.AgrSum):\n    pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    method = "{name: Mine, strategy: mine>Sum}"
    overrides = ["imports=[my_strategies]", f"methods=[Deep-All, {method}]"]
    assert read("configs/smoke.yaml", overrides).methods[1].strategy == "mine>Sum"


def test_overrides_reach_nested_keys():
    config = read("configs/smoke.yaml", ["training.optimizer.learning_rate=0.5", "trials=9"])
    assert config.training.optimizer.learning_rate == 0.5
    assert config.trials == 9


def test_a_runs_seed_is_the_same_for_all_methods_and_no_other_run():
    config = read("configs/smoke.yaml")
    seeds = {config.run_seed(t, n) for t in ("sketch", "photo") for n in (1, 2)}
    assert len(seeds) == 4
    other = read("configs/smoke.yaml", ["methods=[Deep-All]", "training.steps=2"])
    assert other.run_seed("sketch", 1) in seeds
