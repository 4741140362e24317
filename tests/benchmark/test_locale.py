"""Names that are not ASCII, where the system's locale knows no other letters."""

import os
import shutil
import subprocess
import sys

import pandas as pd
import pytest

from dg_keras import benchmark
from dg_keras.benchmark.report.made_up_records import made_up_records
from dg_keras.benchmark.training.weights_digest import weights_digest
from tests.benchmark.few_images import few_images

BOTH = """
import sys
import run_all
for what in ("--dry-run", "--report-only"):
    sys.argv = [*ARGUMENTS, what]
    assert run_all.main() == 0
"""
OTHER_NAMES = {"photo": "写真", "sketch": "esquissé"}


def with_other_names(folder):
    """Images of which two domains have names that are not ASCII."""
    table = pd.read_csv(f"{few_images()}/manifest.csv", dtype=str, keep_default_na=False)
    for name in table["domain"].unique():
        source = f"{few_images()}/images/{name}"
        shutil.copytree(source, folder / "images" / OTHER_NAMES.get(name, name))
    table["path"] = table["path"].replace(
        {f"/{old}/": f"/{new}/" for old, new in OTHER_NAMES.items()}, regex=True
    )
    table["domain"] = table["domain"].replace(OTHER_NAMES)
    table.to_csv(folder / "manifest.csv", index=False, encoding="utf-8")


@pytest.mark.slow
def test_nothing_fails_and_all_files_are_utf_8(tmp_path):
    root, results = tmp_path / "naïve", tmp_path / "résultats"
    with_other_names(root)
    overrides = [
        *(f"data.root={root}", "data.name=few", "targets=[写真]", "trials=2"),
        *("methods=[Deep-All, {name: Häufig, strategy: agr_sum}]", "along_training.accuracy=true"),
    ]
    (config,) = benchmark.read("configs/smoke.yaml", overrides).configs
    made = benchmark.Experiment(config, results)
    origin = {"split": made.inventory.digest, "weights": weights_digest(config)}
    found = made_up_records(config, ["写真"], made.inventory.domains)
    by_run = {(record.method, record.trial): record for record in found}
    for run in made.runs:
        record = by_run[run.method.name, run.trial].model_copy(update=origin)
        if run.trial == 1:
            made.records.write(run, record)
    arguments = ["run_all.py", "configs/smoke.yaml", "--results", str(results)]
    arguments += [part for override in overrides for part in ("--set", override)]
    # The streams know no other letters either, and whoever opens a file without telling its
    # encoding is told of.
    plain = {"PATH": os.environ["PATH"], "LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [
            sys.executable,
            "-X",
            "warn_default_encoding",
            "-c",
            BOTH.replace("ARGUMENTS", ascii(arguments)),
        ],
        capture_output=True,
        env=plain,
    )
    errors = done.stderr.decode("ascii")
    assert done.returncode == 0, errors
    assert not [
        line for line in errors.splitlines() if "EncodingWarning" in line and "dg_keras" in line
    ]
    assert ascii("写真")[1:-1] in done.stdout.decode("ascii")
    written = [
        path for path in results.rglob("*") if path.suffix in (".csv", ".md", ".tex", ".html")
    ]
    assert {"table.md", "table.tex", "table.csv", "index.html"} <= {path.name for path in written}
    for path in written:
        assert "写真" in path.read_text(encoding="utf-8"), path
