"""What docs/pacs shows is what its records say; the images, which do not ship, are not needed."""

import json
import statistics
import tarfile
from pathlib import Path

import pandas as pd
import pytest

from dg_keras.benchmark.experiment import Experiment
from dg_keras.benchmark.part_of import part_of
from dg_keras.benchmark.read import read

DOCS = Path("docs/pacs")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    with tarfile.open(DOCS / "records.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return folder


def test_every_table_is_rebuilt_from_the_records(results, tmp_path):
    shown = set()
    for config in read("configs/pacs_lite0_study.yaml").configs:
        experiment = Experiment(config, results=results, data_root=str(tmp_path / "nowhere"))
        if records := experiment.finished():
            shown.add(config.name)
            rebuilt = tmp_path / config.name
            rebuilt.mkdir()
            part_of(config, records).write(rebuilt)
            table = "table.csv" if config.grid is None else "grid.csv"
            a, b = (pd.read_csv(folder / config.name / table) for folder in (tmp_path, DOCS))
            pd.testing.assert_frame_equal(a, b, rtol=1e-9)
    assert shown == {folder.name for folder in DOCS.iterdir() if folder.is_dir()}


def test_a_mean_is_that_of_the_files(results):
    paths = (results / "pacs_lite0" / "runs").glob("agr-sum--sketch--trial*.json")
    accuracies = [json.loads(path.read_text())["result"]["accuracy"] for path in paths]
    table = pd.read_csv(DOCS / "pacs_lite0" / "table.csv").set_index(["target", "method"])
    assert len(accuracies) == 20
    row = table.loc["sketch", "Agr-Sum"]
    assert row["accuracy_mean"] == pytest.approx(statistics.mean(accuracies), rel=1e-9)
    assert row["accuracy_std"] == pytest.approx(statistics.stdev(accuracies), rel=1e-9)
