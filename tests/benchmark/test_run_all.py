"""The command line, from end to end, on configs/smoke.yaml."""

import json
import os
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

# One worker of pytest runs them all, so that what they share is made once.
pytestmark = pytest.mark.xdist_group("run_all")

SMOKE = [sys.executable, "run_all.py", "configs/smoke.yaml", "--set", "trials=1"]
RUNS = 8


def command(results, *arguments):
    return [*SMOKE, "--results", str(results), *arguments]


def run(results, *arguments, code=0):
    done = subprocess.run(command(results, *arguments), capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    return done


def records(results):
    """What the runs came to, but for the time they took."""
    found = {}
    for path in sorted((results / "smoke" / "runs").glob("*.json")):
        record = json.loads(path.read_text())
        del record["seconds"]
        found[path.stem] = record
    return found


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """The results of one command, and what it printed."""
    results = tmp_path_factory.mktemp("unbroken")
    return results, run(results).stdout


def test_prints_the_table_and_writes_the_report(unbroken):
    results, printed = unbroken
    report = results / "smoke" / "report"
    assert sorted(os.listdir(report)) == ["accuracy.png", "table.csv", "table.md", "table.tex"]
    table = (report / "table.md").read_text()
    assert "| sketch " in table
    assert "Balanced accuracy" in table
    assert "concepts that no source was trained on" in table
    assert "needs at least 6" in table
    accuracy_table = table[table.index("| held out") : table.index("## Balanced")].strip()
    assert accuracy_table in printed
    assert f"[{RUNS}/{RUNS}]" in printed
    assert "left, done at about" in printed
    csv = pd.read_csv(report / "table.csv")
    assert len(csv) == 3 * 4
    assert csv["accuracy_mean"].between(0, 1).all()
    assert r"\toprule" in (report / "table.tex").read_text()
    assert (report / "accuracy.png").read_bytes().startswith(b"\x89PNG")


def test_a_record_tells_all_about_its_run(unbroken):
    results, _ = unbroken
    record = records(results)["agr-sum--sketch--trial1"]
    assert record["config"]["method"]["strategy"] == "agr_sum"
    assert record["config"]["training"]["steps"] == 4
    assert record["versions"]["keras"].startswith("3.")
    assert set(record["history"]) == {
        *("loss", "accuracy", "val_loss", "val_accuracy"),
        *("loss/cartoon", "loss/clipart", "loss/photo"),
    }
    assert record["selected_step"] in (2, 4)
    assert 0 <= record["result"]["accuracy"] <= 1


def test_pairs_have_one_seed(unbroken):
    seeds = {(r["target"], r["seed"]) for r in records(unbroken[0]).values()}
    assert len(seeds) == 2


def test_started_again_it_runs_nothing(unbroken):
    results, printed = unbroken
    before = {p: p.stat().st_mtime_ns for p in (results / "smoke" / "runs").iterdir()}
    again = run(results).stdout
    assert "[" not in again.split("# smoke")[0]
    assert again.split("# smoke")[1] == printed.split("# smoke")[-1]
    assert before == {p: p.stat().st_mtime_ns for p in (results / "smoke" / "runs").iterdir()}


def test_the_report_alone_is_rebuilt(unbroken):
    results, _ = unbroken
    report = results / "smoke" / "report"
    before = {p.name: p.read_bytes() for p in report.iterdir() if p.suffix != ".png"}
    for path in report.iterdir():
        path.unlink()
    run(results, "--report-only")
    assert before == {p.name: p.read_bytes() for p in report.iterdir() if p.suffix != ".png"}


def test_killed_and_started_again_it_ends_the_same(unbroken, tmp_path):
    process = subprocess.Popen(command(tmp_path), stdout=subprocess.DEVNULL)
    while len(records(tmp_path)) < 3:
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done_before = len(records(tmp_path))
    assert done_before < RUNS
    # The rest runs in a process that has done nothing before; the unbroken one had done all.
    again = run(tmp_path).stdout
    assert f"[{done_before + 1}/{RUNS}]" in again
    assert records(tmp_path) == records(unbroken[0])


def test_several_workers_end_the_same(unbroken, tmp_path):
    run(tmp_path, "--workers", "2")
    assert set(records(tmp_path)) == set(records(unbroken[0]))
    for name, record in records(tmp_path).items():
        expected = records(unbroken[0])[name]
        assert record["seed"] == expected["seed"]
        assert record["history"]["loss"] == pytest.approx(expected["history"]["loss"], rel=1e-3)


def test_a_dry_run_shows_the_grid_and_runs_nothing(tmp_path):
    printed = run(tmp_path, "--dry-run").stdout
    assert printed.count(": to run") == RUNS
    assert "8 runs, 8 of them to run." in printed
    assert "Time: about" in printed
    assert "Memory: about" in printed
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--set", "training.stepz=3"], "`training.stepz` is not a key: 'stepz'. Nearest: step"),
        (["--set", "targets=[sketches]"], "'sketches' is no domain of styleshift"),
        (["--set", "data.name=pax"], "`name` must be"),
        (["--set", "backbone.arguments={drop: 0.1}"], "`backbone.arguments`"),
        (["--set", "backbone.train_from=block99"], "block"),
        (["--data-root", "nowhere"], "'nowhere'"),
        (["--workers", "0"], "`workers` must be at least 1"),
        (["--report-only"], "no records"),
    ],
)
def test_bad_input_is_one_sentence(tmp_path, arguments, sentence):
    done = run(tmp_path, *arguments, code=2)
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert sentence in done.stderr.strip().splitlines()[-1]
    assert done.stderr.count("run_all.py: ") == 1


def test_a_record_of_another_config_is_never_mixed_in(unbroken):
    results, _ = unbroken
    done = run(results, "--set", "training.steps=6", code=2)
    assert "was made with another configuration (training.steps: 4, now 6)" in done.stderr
