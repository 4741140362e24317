"""Grids that can't be, methods that are configs, and what works without the images."""

import dataclasses
import functools
import json
import os
import re
import shutil

import keras
import numpy as np
import pandas as pd
import pytest

from dg_keras import benchmark, data, objectives, strategies
from dg_keras.benchmark.config.runs_of import runs_of
from dg_keras.benchmark.records import inventory
from dg_keras.benchmark.running.hand import UnpreparedError
from dg_keras.common.source_digest import source_digest
from dg_keras.strategies.get import BY_NAME
from tests.benchmark.few_images import few_images
from tests.benchmark.made_records import write_records
from tests.benchmark.small_net import SMALL

pytestmark = pytest.mark.usefixtures("small_net")

FEW = [f"data.root={few_images()}", "data.name=few"]


def experiment(tmp_path, *overrides):
    given = ["trials=1", "targets=[photo]", *SMALL, *overrides]
    plan = benchmark.read("configs/smoke.yaml", given)
    return benchmark.Experiment(*plan.configs, results=tmp_path)


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("methods=[Deep-All, {name: A+B}, {name: a b}]", "two runs called 'a-b--photo--trial1'"),
        ("targets=[photo, photo]", "two runs called 'deep-all--photo--trial1'"),
        ("targets=[]", "`targets`: must be 'all' or a list of domains, .*Received: ..$"),
        (
            "methods=[{name: Deep-All, targets: {foto: {}}}]",
            "`methods`: 'foto', in `targets` of 'Deep-All', is no domain",
        ),
        ("data.name=pax", "`data`: `name` must be"),
    ],
)
def test_a_grid_that_cannot_be_is_one_sentence(tmp_path, override, sentence):
    with pytest.raises(ValueError, match=sentence):
        experiment(tmp_path, override)


def test_nothing_left_to_validate_on_is_one_sentence(tmp_path):
    root = tmp_path / "few"
    for domain in ("a", "b"):
        for name in ("x", "y"):
            (root / domain / name).mkdir(parents=True)
            (root / domain / name / "only.png").touch()
    with pytest.raises(ValueError, match="No image is left to validate on where a is held out"):
        experiment(tmp_path, f"data.root={root}", "data.name=few", "targets=[a]")


@pytest.mark.parametrize(("cpus", "workers"), [("null", 1), (1, 6), (2, 3), (4, 1), (8, 1)])
def test_as_many_at_once_as_a_config_leaves_room_for(tmp_path, monkeypatch, cpus, workers):
    monkeypatch.setattr("dg_keras.benchmark.config.config.cores", lambda: 6)
    assert experiment(tmp_path, *FEW, f"resources.cpus={cpus}").workers == workers


def test_no_config_asks_for_more_processes_than_memory_may_stand(tmp_path, monkeypatch):
    monkeypatch.setattr("dg_keras.benchmark.config.config.cores", lambda: 64)
    assert experiment(tmp_path, *FEW, "resources.cpus=1").workers == 8


def record(tmp_path):
    (path,) = (tmp_path / "smoke" / "runs").glob("*.json")
    return json.loads(path.read_text())


def test_what_happens_along_training_is_recorded(tmp_path):
    strategy = "{class_name: agr_rand, config: {zero_agrees: false}}"
    made = experiment(
        tmp_path,
        *FEW,
        f"methods=[{{name: Noise, strategy: {strategy}, batches: one_domain}}]",
        "baseline=Noise",
        "along_training={accuracy: true, gradients: true, samples: 6}",
        "training.optimizer.name=adam_l2",
    )
    made.run()
    assert "concept" in (tmp_path / "smoke" / "split.csv").read_text()
    history, similarity = record(tmp_path)["history"], record(tmp_path)["similarity"]
    assert similarity["steps"] == [0, 2, 4]
    assert np.isfinite(similarity["within"] + similarity["between"]).all()
    # One sample's gradient is closer to its own domain's than to another's, in this network.
    assert similarity["within"][0] > similarity["between"][0]
    sources = ["cartoon", "clipart", "sketch"]
    sizes = [made.inventory.size(source, "validation") for source in sources]
    for step in range(2):
        by_domain = [history[f"val_accuracy/{source}"][step] for source in sources]
        pooled = np.average(by_domain, weights=sizes)
        assert history["val_accuracy"][step] == pytest.approx(pooled, abs=1e-6)
    evaluation = record(tmp_path)["selected_step"] // 2 - 1
    tested = record(tmp_path)["result"]["accuracy"]
    assert history["test_accuracy/photo"][evaluation] == pytest.approx(tested)
    conflicts = record(tmp_path)["conflicts"]
    assert conflicts["steps"] == [2, 4]
    assert 0 < conflicts["shares"]["classifier"][0] < 1
    report = tmp_path / "smoke" / "report"
    for name in ("similarity", "conflict", "training"):
        assert (report / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    page = (report / "index.html").read_text()
    assert page.count("data:image/png;base64,") == 4
    assert "http" not in page


def test_a_grid_is_never_tested(tmp_path):
    grid = "grid={learning_rate: [1e-3], weight_decay: [0]}"
    along = "along_training.accuracy=true"
    experiment(tmp_path, *FEW, "methods=[Deep-All]", grid, "training.steps=2", along).run()
    chosen = benchmark.read(tmp_path / "smoke" / "report" / "chosen.yaml").configs[0]
    setting = chosen.methods[0].targets["photo"]
    assert (setting.learning_rate, setting.weight_decay) == (1e-3, 0)
    assert chosen.grid is None
    measured = {name for name, value in record(tmp_path)["result"].items() if value is not None}
    assert measured == {"validation_accuracy"}
    history = record(tmp_path)["history"]
    assert {key for key in history if "accuracy/" in key} == {
        *("val_accuracy/cartoon", "val_accuracy/clipart", "val_accuracy/sketch")
    }
    assert not any("photo" in key or key.startswith("test") for key in history)


@pytest.mark.parametrize(
    "overrides",
    [["methods=[Deep-All, Agr-Sum]"], ["methods=[Deep-All]", "grid={learning_rate: [0.1, 0.2]}"]],
    ids=["a comparison", "a search"],
)
def test_a_report_of_some_runs_says_of_how_many_and_chooses_nothing(tmp_path, capsys, overrides):
    made = experiment(tmp_path, *FEW, *overrides)
    report = tmp_path / "smoke" / "report"
    told = "The experiment is unfinished: 1 of 2 runs are done."
    write_records(made, made.runs[:1])
    experiment(tmp_path, *FEW, *overrides).report()
    assert capsys.readouterr().out.count(told) == 1
    assert told in (report / "index.html").read_text()
    assert not (report / "chosen.yaml").exists()
    write_records(made, made.runs[1:])
    experiment(tmp_path, *FEW, *overrides).report()
    assert told not in capsys.readouterr().out + (report / "index.html").read_text()
    assert (report / "chosen.yaml").exists() == (made.config.grid is not None)


def test_without_images_a_known_data_set_is_planned(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("DG_KERAS_HOME", str(tmp_path))
    overrides = ["data.name=pacs", "data.image_size=32", "targets=all", "methods=[Deep-All]"]
    made = experiment(tmp_path, *overrides, "training.steps=2")
    made.dry_run()
    printed = capsys.readouterr().out
    assert "smoke: 4 runs, 4 of them to run." in printed
    assert "deep-all--art_painting--trial1" in printed
    assert "The images are not there; this was measured on noise." in printed
    with pytest.raises(FileNotFoundError, match="Data set 'pacs' must be in the folder"):
        made.check()
    assert os.listdir(tmp_path) == []


@keras.saving.register_keras_serializable("tests.benchmark")
@dataclasses.dataclass(frozen=True)
class Steep(objectives.Objective):
    """A loss that overflows once a large step is taken."""

    def loss(self, batch, y_pred, risk, step):
        return risk(batch, y_pred) ** 30


def test_what_diverges_at_once_is_planned(tmp_path, capsys):
    steep = "methods=[{name: Steep, objective: 'tests.benchmark>Steep', learning_rate: 1e3}]"
    few_steps = ("training.steps=3", "training.evaluate_every=1")
    made = experiment(tmp_path, *FEW, steep, "baseline=Steep", *few_steps)
    made.dry_run()
    assert "Time: about" in capsys.readouterr().out


def test_a_split_that_was_changed_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("DG_KERAS_HOME", str(tmp_path))
    split = tmp_path / "smoke" / "split.csv"
    split.parent.mkdir()
    split.write_text("path,domain,class,split\na.png,photo,cat,train\n")
    sentence = "must be as the experiment wrote it. Received: no column 'sha256'$"
    with pytest.raises(ValueError, match=sentence):
        experiment(tmp_path, "data.name=pacs", "methods=[Deep-All]")


def test_names_that_are_as_long_as_may_be_can_be_written(tmp_path):
    (config,) = benchmark.read(
        "configs/smoke.yaml", [f"methods=[{{name: {'m' * 200}}}]", f"baseline={'m' * 200}"]
    ).configs
    (run,) = runs_of(config.model_copy(update={"trials": 1}), ["photo_test"])
    assert len(run.key) == 220
    # The process with the largest number, of a machine with the longest.
    partial = f".{run.key}.json.{2**32 - 1:x}-{2**22}.partial"
    assert len(partial) <= 255
    (tmp_path / partial).touch()


def test_an_image_that_may_not_be_read_is_one_sentence(tmp_path, monkeypatch):
    """As one of another user's; whoever runs the tests may read all of them."""

    def refused(path):
        raise ValueError("it can't be read: Permission denied")

    monkeypatch.setattr(inventory, "read_content", refused)
    with pytest.raises(ValueError, match=r"`data`: .*\.\w+ must be an image, but it can't be read"):
        experiment(tmp_path, *FEW)


@pytest.mark.parametrize("memory", ["kept", "decoded at every use"])
@pytest.mark.parametrize("train_from", ["null", "block1_output"])
def test_an_image_that_cannot_be_decoded_stops_it_before_its_first_run(
    tmp_path, monkeypatch, memory, train_from
):
    if memory != "kept":
        monkeypatch.setattr(data, "load", functools.partial(data.load, memory_limit=0))
    shutil.copytree(few_images(), tmp_path / "few")
    image = next((tmp_path / "few" / "images" / "photo").rglob("*.jpg"))
    image.write_bytes(image.read_bytes()[:100])
    frozen = f"backbone.train_from={train_from}"
    made = experiment(tmp_path, *FEW, f"data.root={tmp_path / 'few'}", frozen)
    with pytest.raises(UnpreparedError, match=rf"^ValueError: `path` must be .* path='{image}'"):
        made.run()
    assert not list((tmp_path / "smoke").glob("runs/*.json"))


def test_gradients_along_training_take_two_sources(tmp_path):
    two = tmp_path / "two"
    shutil.copytree(few_images(), two)
    table = pd.read_csv(two / "manifest.csv", dtype=str, keep_default_na=False)
    table[table["domain"].isin(["photo", "sketch"])].to_csv(two / "manifest.csv", index=False)
    data = [f"data.root={two}", "data.name=two", "methods=[Deep-All]"]
    made = experiment(tmp_path, *data, "along_training.gradients=true")
    with pytest.raises(ValueError, match=r"`along_training.gradients` needs at least three"):
        made.check()


def test_that_a_single_source_leaves_nothing_to_merge_is_told(tmp_path, caplog):
    two = tmp_path / "two"
    shutil.copytree(few_images(), two)
    table = pd.read_csv(two / "manifest.csv", dtype=str, keep_default_na=False)
    table[table["domain"].isin(["photo", "sketch"])].to_csv(two / "manifest.csv", index=False)
    experiment(tmp_path, f"data.root={two}", "data.name=two").check()
    assert "Of two domains one is left to train on" in caplog.text
    for name in BY_NAME:  # as the warning says
        (merged,) = strategies.get(name)([[np.array([3.0, -1.0], "float32")]])
        assert (np.sign(merged) == [1, -1]).all()
    table[table["domain"] == "photo"].to_csv(two / "manifest.csv", index=False)
    with pytest.raises(ValueError, match=r"`data` must have a domain to train on beside .*photo$"):
        experiment(tmp_path, f"data.root={two}", "data.name=two")


@pytest.mark.slow
def test_a_grid_over_what_methods_share_trains_each_as_an_experiment_by_itself(tmp_path):
    """The runs of the grid are those of the same setting without a grid."""
    few = [*FEW, "methods=[Deep-All]", "training.steps=2"]
    sizes = [32, 40]
    experiment(tmp_path / "grid", *few, f"grid={{image_size: {sizes}, choose: for_all}}").run()
    chosen = benchmark.read(tmp_path / "grid" / "smoke" / "report" / "chosen.yaml").configs[0]
    found = {}
    for path in (tmp_path / "grid" / "smoke" / "runs").glob("*.json"):
        told = json.loads(path.read_text())
        found[told["config"]["data"]["image_size"]] = told["result"]["validation_accuracy"]
    # The first was trained as if alone; the second after it.
    experiment(tmp_path / "alone", *few, f"data.image_size={sizes[1]}").run()
    assert found[sizes[1]] == record(tmp_path / "alone")["result"]["validation_accuracy"]
    assert chosen.data.image_size == max(sizes, key=lambda size: (found[size], -size))


def test_runs_that_other_source_of_ones_own_made_are_told(tmp_path, monkeypatch, caplog):
    monkeypatch.syspath_prepend(tmp_path)
    module = tmp_path / "of_mine.py"
    module.write_text("RATE = 1\n")
    own = [*FEW, "methods=[Deep-All]", "training.steps=2", "imports=[of_mine]"]
    experiment(tmp_path / "results", *own).run()
    experiment(tmp_path / "results", *own, "trials=2").run()
    assert "some runs were made with" not in caplog.text
    module.write_text("RATE = 2\n")
    source_digest.cache_clear()  # as in another process
    experiment(tmp_path / "results", *own, "trials=3").run()
    told = r"smoke: some runs were made with of_mine [0-9a-f]{12} \([0-9a-f]{12} now\)\. They stay"
    assert re.search(told, caplog.text)


def test_records_of_other_images_of_the_same_names_are_refused(tmp_path):
    root = tmp_path / "images"
    shutil.copytree(few_images(), root)
    few = ["methods=[Deep-All]", f"data.root={root}", "data.name=few", "training.steps=2"]
    experiment(tmp_path, *few).run()
    image = next((root / "images" / "photo").rglob("*.jpg"))
    image.write_bytes(image.read_bytes() + b"\0")
    with pytest.raises(ValueError, match=r"made with another configuration \(split: "):
        experiment(tmp_path, *few)
