"""What docs/pacs and docs/styleshift show is what their records say; no images are needed."""

import json
import statistics
import tarfile
from pathlib import Path

import pandas as pd
import pytest

from dg_keras.benchmark.experiment import Experiment
from dg_keras.benchmark.part_of import part_of
from dg_keras.benchmark.read import read

STUDIES = {
    Path("docs/pacs"): ("configs/pacs_lite0_study.yaml", "pacs_lite0", 20),
    Path("docs/styleshift"): ("configs/styleshift_study.yaml", "styleshift_paper", 10),
}
"""What each folder shows: a study, of that its main experiment, and how many trials this has."""


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
            rebuilt = tmp_path / config.name
            rebuilt.mkdir()
            part_of(config, records).write(rebuilt)
            table = "table.csv" if config.grid is None else "grid.csv"
            a, b = (pd.read_csv(folder / config.name / table) for folder in (tmp_path, docs))
            pd.testing.assert_frame_equal(a, b, rtol=1e-9)
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
