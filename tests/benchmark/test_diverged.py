"""A run that diverged is shown as such wherever results are, and is in no mean and no test."""

import json
import math

import numpy as np
import pytest

from dg_keras.benchmark.config.grid_settings import grid_settings
from dg_keras.benchmark.config.read import read
from dg_keras.benchmark.experiment import Experiment
from dg_keras.benchmark.records.held_out import AVERAGE
from dg_keras.benchmark.report import tables
from dg_keras.benchmark.report.chosen_config import chosen_config
from dg_keras.benchmark.report.grid_means import grid_means
from dg_keras.benchmark.report.page import page
from dg_keras.benchmark.report.part_of import part_of
from dg_keras.benchmark.report.report_part import ReportPart
from dg_keras.benchmark.report.summary import Summary
from dg_keras.benchmark.report.write_report import write_report
from dg_keras.benchmark.training.method_models import MethodModels
from dg_keras.benchmark.training.trained_inputs import TrainedInputs
from tests.benchmark.few_images import few_images
from tests.benchmark.made_records import config, diverged, record, records
from tests.benchmark.report.test_tables import search
from tests.benchmark.small_net import SMALL

pytestmark = pytest.mark.usefixtures("small_net")

BASE = np.linspace(0.5, 0.6, 7)
MADE = [
    *records(**{"Deep-All": [BASE, BASE], "Agr-Sum": [BASE[:6] + 0.1, BASE + 0.1]}),
    diverged("Agr-Sum", "photo", 7),
]


def test_a_run_that_diverges_is_recorded_as_such_and_changes_no_other(
    tmp_path, capsys, monkeypatch
):
    """One model makes both runs, the second of which tells what the first has left in it."""

    def with_a_hole(inputs, images, train=TrainedInputs.train):
        domains = train(inputs, images)
        if "sketch" in domains:  # as it is where photos are held out
            features, _ = domains["sketch"]
            features[20] = np.nan  # of an image that comes after some steps
        return domains

    def counted(models, *arguments, make=MethodModels._compile):
        compiled.append(arguments)
        return make(models, *arguments)

    monkeypatch.setattr(TrainedInputs, "train", with_a_hole)
    monkeypatch.setattr(MethodModels, "_compile", counted)
    objective = "{class_name: group_dro, config: {eta: 1.0}}"
    given = [
        *SMALL,
        *("backbone.train_from=pool", f"data.root={few_images()}", "data.name=few"),
        *(f"methods=[{{name: DRO, objective: {objective}}}]", "baseline=DRO"),
        *("training.steps=20", "training.evaluate_every=2", "training.batch_size=2", "trials=1"),
    ]
    made = {}
    for folder, targets in (("both", "[photo, sketch]"), ("alone", "[sketch]")):
        compiled = []
        (chosen,) = read("configs/smoke.yaml", [*given, f"targets={targets}"]).configs
        Experiment(chosen, results=tmp_path / folder).run()
        assert len(compiled) == 1
        made[folder] = {
            path.stem: json.loads(path.read_text())
            for path in (tmp_path / folder / "smoke" / "runs").glob("*.json")
        }
    record = made["both"]["dro--photo--trial1"]
    assert record["result"] is record["selected_step"] is None
    step = record["diverged"]["step"]
    assert 2 < step < 20
    assert record["diverged"] == {"step": step, "domain": "sketch", "loss": "NaN"}
    assert record["history_steps"] == list(range(2, step + 1, 2))
    printed = capsys.readouterr().out
    assert f"photo held out, DRO: diverged at step {step} (sketch: loss nan), in " in printed
    assert "1 run diverged" in (tmp_path / "both" / "smoke" / "report" / "table.md").read_text()
    first, second = (made[folder]["dro--sketch--trial1"] for folder in ("both", "alone"))
    assert first["history"] == second["history"]
    assert first["result"] == second["result"]


@pytest.mark.parametrize("along", ["false", "true"])
@pytest.mark.parametrize("selection", ["last", pytest.param("average", marks=pytest.mark.slow)])
def test_a_last_update_that_spoils_the_scores_alone_leaves_no_result(tmp_path, along, selection):
    # The last layer's weights, 0.07 at most, times -667 at each step: after 14 they are just not
    # infinite, and three times as much, to which they add up, is.
    given = [
        *SMALL,
        "backbone.train_from=pool",
        *(f"data.root={few_images()}", "data.name=few", "methods=[Deep-All]"),
        "training.optimizer={name: adamw_per_step, learning_rate: 0.001, weight_decay: 668}",
        *("training.steps=14", "training.evaluate_every=14", "training.batch_size=2", "trials=1"),
        *("targets=[photo]", f"training.selection={selection}"),
        f"along_training={{accuracy: {along}}}",
    ]
    (chosen,) = read("configs/smoke.yaml", given).configs
    Experiment(chosen, results=tmp_path).run()
    (path,) = (tmp_path / "smoke" / "runs").glob("*.json")
    made = json.loads(path.read_text())
    assert made["result"] is None
    assert made["diverged"] == {"step": 14, "domain": None, "loss": None}


def test_it_is_in_no_mean_and_no_test():
    made = Summary.of(config(), MADE)
    entry = made.entries["photo", "Agr-Sum"]
    assert (entry.trials, entry.diverged, entry.comparison.pairs) == (6, 1, 6)
    assert entry.spreads["accuracy"].mean == pytest.approx(BASE[:6].mean() + 0.1)
    assert entry.gains["accuracy"].mean == pytest.approx(0.1)
    # The average over the domains lacks the trial, too, and tells so.
    average = made.entries[AVERAGE, "Agr-Sum"]
    assert (average.trials, average.diverged) == (6, 1)
    assert made.entries["sketch", "Agr-Sum"].diverged == 0
    assert made.frame().set_index(["target", "method"])["diverged"].sum() == 2


def test_the_tables_tell_where():
    accuracy, *_, runs = tables.tables_of(config(), Summary.of(config(), MADE))
    photo, sketch, average = accuracy.rows
    assert photo[2].text.endswith(" (1 diverged)")
    assert average[2].text.endswith(" (1 diverged)")
    assert "diverged" not in sketch[2].text + photo[1].text
    assert runs.heading == "Runs that diverged"
    assert [cell.text for cell in runs.rows[0]] == ["Agr-Sum", "photo", "7", "3", "cartoon", "nan"]
    assert tables.notes(Summary.of(config(), MADE))[1] == (
        "1 run diverged, at a step where a loss, gradient or weight was infinite or NaN, and is in "
        "no mean and no test."
    )


@pytest.mark.parametrize(
    "made",
    [
        MADE,
        [diverged(m, t, 1) for m in ("Deep-All", "Agr-Sum") for t in ("photo", "sketch")],
        [*records(**{"Deep-All": [[0.5], [0.5]]}), diverged("Agr-Sum", "photo", 1, loss=math.inf)],
        [record("Agr-Sum", "photo", 1, 0.5), diverged("Deep-All", "photo", 1, domain=None)],
    ],
    ids=["one trial", "all", "all of a method", "the baseline"],
)
def test_a_report_shows_it_in_every_form(made, tmp_path):
    write_report(tmp_path, part_of(config(), made))
    for name in ("table.md", "table.tex", "index.html"):
        assert "diverged" in (tmp_path / name).read_text()
    assert "diverged" in page("", [ReportPart.of(config(), made)])


def test_where_all_diverged_the_report_opens_with_it(tmp_path):
    write_report(tmp_path, part_of(config(), [diverged("Deep-All", "photo", 1)]))
    assert (
        "All 1 runs diverged, so that there is no result." in (tmp_path / "index.html").read_text()
    )
    assert not (tmp_path / "accuracy.png").exists()


def searched(choose, of_the_best):
    """A search over two settings, the better of which has a run that diverged."""
    made, _ = search(choose)
    worse, better = (setting.methods["Deep-All"].name for setting in grid_settings(made)[:2])
    found = [
        record(worse, "photo", 1, None, validation_accuracy=0.4),
        record(worse, "photo", 2, None, validation_accuracy=0.4),
        record(better, "photo", 1, None, validation_accuracy=0.9),
        of_the_best(better),
    ]
    return made, found


@pytest.mark.parametrize("choose", ["per_target", "for_all"])
def test_a_search_never_chooses_a_setting_that_diverged(choose, tmp_path):
    made, found = searched(choose, lambda better: diverged(better, "photo", 2))
    means = grid_means(made, found)
    assert list(means["diverged"]) == [0, 1]
    assert list(means["runs"]) == [2, 2]
    assert list(means["chosen"]) == [True, False]
    assert list(means["validation_accuracy"]) == pytest.approx([0.4, 0.9])
    write_report(tmp_path, part_of(made, found))
    assert "1 run diverged" in (tmp_path / "grid.md").read_text()
    shown = (tmp_path / "index.html").read_text()
    assert "a setting that has such runs is never chosen." in shown
    of_cells = "div.: some of its runs diverged, so that it is never chosen.</figcaption>"
    assert of_cells in shown
    assert of_cells not in page("", [part_of(made, found[:3])])
    assert (tmp_path / "chosen.yaml").exists()


def test_where_every_setting_diverged_nothing_is_chosen(tmp_path):
    made, _ = searched("for_all", lambda better: None)
    every = [s.methods["Deep-All"].name for s in grid_settings(made)]
    found = [diverged(name, "photo", 1) for name in every]
    assert chosen_config(made, grid_means(made, found)) is None
    write_report(tmp_path, part_of(made, found))
    assert not (tmp_path / "chosen.yaml").exists()
    assert "runs of every setting diverged" in (tmp_path / "index.html").read_text()


def test_images_that_could_not_be_read_are_told(tmp_path):
    made = [record("Deep-All", "photo", trial, 0.5, skipped_images=2) for trial in (1, 2)]
    write_report(tmp_path, part_of(config(), made))
    for name in ("table.md", "table.tex", "index.html"):
        assert "2 images could not be read, and were left out." in (tmp_path / name).read_text()
