"""What docs/pacs and docs/styleshift show is what their records say; no images are needed."""

import json
import re
import statistics
import tarfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dg_keras.benchmark.config.read import read
from dg_keras.benchmark.experiment import Experiment
from dg_keras.benchmark.report.grid_means import grid_means
from dg_keras.benchmark.report.pairs import Pairs
from dg_keras.benchmark.report.summary import Summary

STUDIES = {
    Path("docs/pacs"): ("configs/pacs_lite0_study.yaml", "pacs_lite0", 20),
    Path("docs/styleshift"): ("configs/styleshift_study.yaml", "styleshift_paper", 10),
}
"""What each folder shows: a study, of that its main experiment, and how many trials this has."""

COMPARED = {
    Path("docs/pacs"): ["pacs_lite0_all", "pacs_lite0"],
    Path("docs/styleshift"): ["styleshift_all", "styleshift_paper"],
}
"""The experiments that docs/methods/ tells gains of; the last that has a method."""


@pytest.fixture(scope="module", params=STUDIES, ids=str)
def published(request, tmp_path_factory):
    """A folder of docs, and its records."""
    folder = tmp_path_factory.mktemp("published")
    with tarfile.open(request.param / "records.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return request.param, folder


@pytest.mark.slow
def test_every_table_is_rebuilt_from_the_records(published, tmp_path):
    docs, results = published
    shown = set()
    study, _, _ = STUDIES[docs]
    for config in read(study).configs:
        experiment = Experiment(config, results=results, data_root=str(tmp_path / "nowhere"))
        if records := experiment.finished():
            shown.add(config.name)
            if config.grid is None:
                name, table = "table.csv", Summary.of(config, records).frame()
            else:
                name, table = "grid.csv", grid_means(config, records)
            table.to_csv(tmp_path / name, index=False)
            rebuilt, there = (pd.read_csv(of / name) for of in (tmp_path, docs / config.name))
            pd.testing.assert_frame_equal(rebuilt, there, rtol=1e-9)
    assert shown == {folder.name for folder in docs.iterdir() if folder.is_dir()}


def test_a_mean_is_that_of_the_files(published):
    docs, results = published
    _, name, trials = STUDIES[docs]
    paths = (results / name / "runs").glob("agr-sum--sketch--trial*.json")
    accuracies = [json.loads(path.read_text())["result"]["accuracy"] for path in paths]
    table = pd.read_csv(docs / name / "table.csv").set_index(["target", "method"])
    assert len(accuracies) == trials
    row = table.loc["sketch", "Agr-Sum"]
    assert row["accuracy_mean"] == pytest.approx(statistics.mean(accuracies), rel=1e-9)
    assert row["accuracy_std"] == pytest.approx(statistics.stdev(accuracies), rel=1e-9)


@pytest.mark.slow
def test_gains_on_the_methods_pages_are_those_of_the_records(published, tmp_path):
    docs, results = published
    gains = {}
    for name in COMPARED[docs]:
        (config,) = (config for config in read(STUDIES[docs][0]).configs if config.name == name)
        records = Experiment(config, results=results, data_root=str(tmp_path)).finished()
        summary = Summary.of(config, records)
        for method in config.methods:
            trials = {record.trial for record in records if record.method == method.name}
            gain, late = (
                str(summary.gain("average", method.name, measure)) for measure in summary.gained
            )
            told_late = "" if method.selection == "average" else late
            gains[method.name] = (gain, told_late, str(len(trials)))
    told = {}
    for page in Path("docs/methods").iterdir():
        text = page.read_text("utf-8")
        (method,) = re.findall(r"\| in a config \| `(?:\{name: )?([^`,]+)", text)
        row = (
            rf"\| gain on \[\w+\]\(\.\./{docs.name}/.*\) \| (.+) points over Deep-All"
            r"(?: at the selected step, (.+) from step \d+ on)?;.* (\d+) trials \|"
        )
        for found in re.findall(row, text):
            told[method] = found
    assert told.items() <= gains.items()
    assert gains.keys() - told.keys() <= {"Deep-All", "Agr-Sum + SWAD"}


def test_what_a_strategy_or_an_objective_changes_on_average_is_that_of_the_pairs():
    docs = Path("docs/pacs")
    (config,) = (config for config in read(STUDIES[docs][0]).configs if "pairs" in config.name)
    pairs = Pairs.of(config)
    table = pd.read_csv(docs / config.name / "table.csv").set_index(["target", "method"])
    names = [[pairs.methods[o, s] for s in pairs.strategies] for o in pairs.objectives]
    means = table.loc["average"].loc[np.ravel(names), ["accuracy_mean", "level_accuracy_mean"]]
    means = 100 * means.to_numpy().reshape(*np.shape(names), 2)
    over_objectives = (means - means[:, :1]).mean(axis=0)
    over_strategies = (means - means[:1]).mean(axis=1)
    changes = dict(zip(names[0], over_objectives, strict=True))
    changes |= {line[0]: of for line, of in zip(names, over_strategies, strict=True)}
    row = r"^\| (\S+) \| (?:averaging the gradients|the plain loss) \| (\S+) \| (\S+) \|$"
    told = re.findall(row, (docs / "results.md").read_text("utf-8"), flags=re.MULTILINE)
    assert {name: (at, late) for name, at, late in told} == {
        name: tuple(f"{points:+.2f}" for points in of)
        for name, of in changes.items()
        if name != config.methods[0].name
    }


def test_the_gains_that_the_page_tells_are_those_of_the_table():
    docs = Path("docs/pacs")
    table = pd.read_csv(docs / "pacs_lite0" / "table.csv").set_index(["target", "method"])
    page = (docs / "results.md").read_text("utf-8")
    average, domains = (page.split(f"## On {of}")[1].split("\n## ")[0] for of in ("av", "each"))
    told = {("average", row[0]): row[2:-1] for row in _rows(average)}
    target = ""
    for row in _rows(domains):
        target = row[0].replace(" ", "_") or target
        told[target, row[1]] = row[2:-1]
    of_methods = table[table["gain_mean"].notna()]
    assert told == {
        place: [
            _interval(row, ""),
            f"{row['p_value']:.3f}",
            f"{row['p_holm']:.2f}",
            f"{row['effect']:+.2f}",
            _interval(row, "level_accuracy_"),
        ]
        for place, row in of_methods.iterrows()
    }
    first, *_ = re.findall(r"(?:^\|.*\n)+", Path("README.md").read_text("utf-8"), re.MULTILINE)
    assert [row[:2] for row in _rows(first)[1:]] == [
        [name, _interval(row, "")] for name, row in of_methods.loc["average"].iterrows()
    ]
    assert [row[-1] for row in _rows(first)[1:]] == [row[-1] for row in _rows(average)]


@pytest.mark.parametrize(
    ("docs", "experiment", "heading"),
    [
        ("docs/pacs", "pacs_lite0_all", "## Every other method"),
        ("docs/styleshift", "styleshift_all", "## Twenty-nine methods"),
    ],
)
def test_the_gains_of_all_methods_are_those_of_the_table(docs, experiment, heading):
    page = (Path(docs) / "results.md").read_text("utf-8")
    table = pd.read_csv(Path(docs) / experiment / "table.csv").set_index(["target", "method"])
    section = page.split(heading)[1].split("\n## ")[0]
    number = r"[+-]\d+\.\d"
    told = re.findall(rf"\| ([^|,]+?) ({number} \({number}, {number}\))(?= \|)", section)
    means = table.loc["average"]
    means = 100 * means[means["gain_mean"].notna()][["gain_mean", "gain_low", "gain_high"]].round(3)
    assert dict(told) == {
        name: f"{row.gain_mean:+.1f} ({row.gain_low:+.1f}, {row.gain_high:+.1f})"
        for name, row in (means + 0.0).iterrows()
    }


def _rows(section):
    """The cells of the tables' lines that tell numbers; the last is of the paper."""
    lines = [line for line in section.splitlines() if re.match(r"\|.*\d", line)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def _interval(row, prefix):
    mean, low, high = (100 * row[f"{prefix}gain_{of}"] for of in ("mean", "low", "high"))
    return f"{mean:+.2f} ({low:+.2f}, {high:+.2f})"
