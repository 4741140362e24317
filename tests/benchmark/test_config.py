"""Configs, and the sentences that a wrong one gets."""

from pathlib import Path

import pytest
import yaml

from dg_keras import benchmark
from dg_keras.benchmark.config import METHODS, Method
from dg_keras.benchmark.grid_settings import grid_settings
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


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("name: a\nexperiments: []", "`experiments`: .*at least 1"),
        ("name: a\nexperiments: [b.yaml]", r"b\.yaml does not exist"),
        ("name: a\nexperiments: [b.yaml]\ntrials: 3", "`trials` is not a key"),
        ("experiments: [b.yaml]", "`name` is missing"),
    ],
)
def test_a_plan_that_cannot_be_is_one_sentence(tmp_path, content, sentence):
    (tmp_path / "plan.yaml").write_text(content)
    with pytest.raises((ValueError, FileNotFoundError), match=sentence):
        benchmark.read(tmp_path / "plan.yaml")


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


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("training.step=3", r"`training.step` is not a key: 'step'. Nearest: steps"),
        ("trails=3", r"`trails` is not a key: 'trails'. Nearest: trials"),
        ("training.steps=many", r"`training.steps`: .*integer.*Received: 'many'"),
        ("training.steps=0", r"`training.steps`: .*greater than 0.*Received: 0"),
        ("training.steps=3", r"`training`: `steps` must be a multiple of `evaluate_every`"),
        ("training.selection=first", r"`training.selection`: .*'best' or 'last'.*'first'"),
        ("training.optimizer.name=sgd", r"`training.optimizer.name`: .*'adamw'.*'sgd'"),
        ("methods=[Deep-Al]", r"`methods.0`: not a method: 'Deep-Al'. Nearest: Deep-All"),
        ("methods=[Agr-Sum]", r"`baseline`.*'Deep-All'. Nearest: Agr-Sum"),
        ("methods=[Deep-All, Deep-All]", r"different names"),
        ("methods=[{name: X, strategy: agr_sun}]", r"`methods.0`.*'agr_sun'"),
        ("methods=[{name: X, strateg: mean}]", r"`methods.0.strateg` is not a key.*strategy"),
        ("data.image_size=8", r"`data.image_size`: .*greater than or equal to 16.*8"),
        ("backbone.name=alexnett", r"`backbone.name`: not a backbone: 'alexnett'. Nearest: alexn"),
        (
            "methods=[{name: X, strategy: {class_name: agr_rand, config: {noise: 1}}}]",
            r"`methods.0`.*AgrRand takes seed, zero_agrees. Received: noise",
        ),
        ("data.test=test", r"`data.test`: .*'part' or 'whole'.*'test'"),
        ("imports=[no_such_module]", r"`imports`: No module named 'no_such_module'"),
        ("trials=[", r"--set: the value of trials is not valid YAML"),
        ("name=..", r"`name`: .*pattern.*"),
        ("name=a/b", r"`name`: .*pattern.*'a/b'"),
        ("training=3", r"`training`: .*Received: 3"),
        (
            "grid={learning_rate: [1], weight_decay: [0], rate: 1}",
            r"`grid.rate` is not a key: 'rate'. Nearest: learning_rate",
        ),
        ("grid={image_size: [8], choose: for_all}", r"`grid.image_size.0`: .*equal to 16.*8"),
        ("grid={batch_size: [0], choose: for_all}", r"`grid.batch_size.0`: .*than 0.*0"),
        ("grid={learning_rate: [0]}", r"`grid.learning_rate.0`: .*than 0.*0"),
        ("grid={choose: for_all}", r"`grid`: must hold one of image_size, .*none of them"),
        ("grid={image_size: [32]}", r"`grid`: `choose` must be for_all where image_size.*per_tar"),
        (
            "grid={batch_size: [4], choose: for_all}",
            r"`methods` must be a single one where batch_size is searched.*'Deep-All', 'Agr-Sum'",
        ),
        ("grid={learning_rate: [], weight_decay: [0]}", r"`grid.learning_rate`: .*at least 1"),
        ("report={level: 3}", r"`report.level` is not a key: 'level'. Nearest: level_from"),
        ("report.level_from=0", r"`report.level_from`: .*greater than 0.*0"),
        (
            "report.level_from=4",
            r"`report.level_from` needs `along_training.accuracy: true`.*Received: level_from=4",
        ),
        (
            "report.level_from=1000000",
            r"`report.level_from` must be at most `training.steps`, \d+. .*level_from=1000000",
        ),
        ("along_training={sample: 3}", r"`along_training.sample` is not a key.*samples"),
        (
            "grid={learning_rate: [1], weight_decay: [0], choose: all}",
            r"`grid.choose`: .*'per_target' or 'for_all'.*'all'",
        ),
        ("methods=[{name: X, batches: one}]", r"`methods.0.batches`: .*'one_domain'.*'one'"),
        (
            "methods=[{name: X, targets: {photo: {rate: 1}}}]",
            r"`methods.0.targets.photo.rate` is not a key: 'rate'. Nearest: learning_rate",
        ),
        ("training.optimizer.learning_rate=.inf", r"`training.optimizer.learning_rate`: .*finite"),
        ("imports=my_module", r"`imports`: .*list.*'my_module'"),
        ("targets=sketch", r"`targets`: must be 'all' or a list of domains, such as \[sketch\]"),
    ],
)
def test_a_wrong_value_is_one_sentence(override, sentence):
    with pytest.raises(ValueError, match=sentence) as error:
        read("configs/smoke.yaml", [override])
    assert "\n" not in str(error.value)


def test_a_missing_key_is_named(tmp_path):
    content = yaml.safe_load(Path("configs/smoke.yaml").read_text())
    del content["training"]["steps"]
    path = tmp_path / "half.yaml"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(ValueError, match=r"half.yaml: `training.steps` is missing"):
        read(path)


@pytest.mark.parametrize(("content", "sentence"), [("- 1", "keys and values"), ("a: [", "YAML")])
def test_a_file_that_is_no_config_is_named(tmp_path, content, sentence):
    path = tmp_path / "bad.yaml"
    path.write_text(content)
    with pytest.raises(ValueError, match=rf"bad.yaml.*{sentence}"):
        read(path)


def test_a_missing_file_names_its_neighbours():
    with pytest.raises(FileNotFoundError, match=r"configs/smok.yaml does not exist.*smoke.yaml"):
        read("configs/smok.yaml")


def test_an_override_without_a_value_is_one_sentence():
    with pytest.raises(ValueError, match="--set must be key=value"):
        read("configs/smoke.yaml", ["trials"])


def test_a_runs_seed_is_the_same_for_all_methods_and_no_other_run():
    config = read("configs/smoke.yaml")
    seeds = {config.run_seed(t, n) for t in ("sketch", "photo") for n in (1, 2)}
    assert len(seeds) == 4
    other = read("configs/smoke.yaml", ["methods=[Deep-All]", "training.steps=2"])
    assert other.run_seed("sketch", 1) in seeds
