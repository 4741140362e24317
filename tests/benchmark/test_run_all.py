"""The command line, from end to end, on configs/smoke.yaml."""

import json
import os
import random
import re
import resource
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

import run_all
from dg_keras import benchmark
from dg_keras.backbones import efficientnet_lite0
from dg_keras.common.cores import cores
from performance.kills import Grid, kill
from tests.benchmark.few_images import few_images
from tests.benchmark.small_net import SMALL, STAGES

README = Path("README.md").read_text(encoding="utf-8")
INSTALL_AND_RUN, INSTALL_AND_TEST = (
    block.strip() for block in re.findall(r"```bash\n(.*?)```", README, flags=re.DOTALL)
)
# One trial and two methods: more would test nothing more.
SMOKE = [
    *("configs/smoke.yaml", "--set", "trials=1", "--set", f"data.name={few_images()}"),
    *("--set", "methods=[Deep-All, Agr-Rand]"),
]
RUNS = 4
# For what needs no more than some runs.
FEW_RUNS = 2
FEW = ["--set", "targets=[photo]"]


def command(results, *arguments):
    """The README's command with the smoke config in place of the default."""
    _, run = INSTALL_AND_RUN.split(" && ")
    assert run.startswith("python ")
    script = shlex.split(run)[1:]
    return [sys.executable, *script, *SMOKE, "--results", str(results), *arguments]


def run(results, *arguments):
    """Runs the command in a process of its own, as a newcomer does, and returns what it prints."""
    environment = {name: v for name, v in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    done = subprocess.run(
        command(results, *arguments), capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    # None of TensorFlow's notices and warnings stand among our lines.
    assert done.stderr == ""
    return done.stdout


def run_here(monkeypatch, results, *arguments):
    """Runs the command in this process, which has TensorFlow by now; returns its exit code."""
    monkeypatch.setattr("sys.argv", ["run_all.py", *SMOKE, "--results", str(results), *arguments])
    return run_all.main()


def records(results):
    """What the runs came to, but for the time they took."""
    found = {}
    for path in sorted((results / "smoke" / "runs").glob("*.json")):
        record = json.loads(path.read_text())
        del record["seconds"], record["checksum"]  # which is of the time, too
        found[path.stem] = record
    return found


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """The results of one command, and what it printed."""
    results = tmp_path_factory.mktemp("unbroken")
    return results, run(results)


def test_prints_the_table_and_writes_the_report(unbroken):
    results, printed = unbroken
    report = results / "smoke" / "report"
    assert sorted(os.listdir(report)) == [
        *("accuracy.png", "gains.png", "index.html", "table.csv", "table.md", "table.tex")
    ]
    table = (report / "table.md").read_text()
    assert "| sketch " in table
    assert "Balanced accuracy" in table
    assert "concepts that no source was trained on" in table
    assert "needs at least 6" in table
    accuracy = table[table.index("| held out") : table.index("## Balanced")].splitlines()
    shown = [line.split() for line in printed.splitlines()]
    for row in [accuracy[0], *accuracy[2:]]:
        assert not row or row.replace("|", " ").replace("*", "").split() in shown
    assert f"[{RUNS}/{RUNS}]" in printed
    assert "left, done at about" in printed
    csv = pd.read_csv(report / "table.csv")
    assert len(csv) == 3 * 2
    assert csv["accuracy_mean"].between(0, 1).all()
    assert r"\toprule" in (report / "table.tex").read_text()
    assert (report / "accuracy.png").read_bytes().startswith(b"\x89PNG")


def test_a_record_tells_all_about_its_run(unbroken):
    results, _ = unbroken
    record = records(results)["agr-rand--sketch--trial1"]
    assert record["config"]["method"]["strategy"] == "agr_rand"
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


def test_started_again_it_runs_nothing(unbroken, monkeypatch, capsys):
    results, printed = unbroken
    before = {p: p.stat().st_mtime_ns for p in (results / "smoke" / "runs").iterdir()}
    assert run_here(monkeypatch, results) == 0
    again = capsys.readouterr().out
    assert "[" not in again.split("smoke: Accuracy")[0]
    assert again.split("smoke: Accuracy")[1] == printed.split("smoke: Accuracy")[-1]
    assert before == {p: p.stat().st_mtime_ns for p in (results / "smoke" / "runs").iterdir()}


def test_the_report_alone_is_rebuilt_without_the_images(unbroken, monkeypatch):
    results, _ = unbroken
    report = results / "smoke" / "report"
    before = {p.name: p.read_bytes() for p in report.iterdir()}
    for path in report.iterdir():
        path.unlink()
    nowhere = str(results / "nowhere")
    assert run_here(monkeypatch, results, "--report-only", "--data-root", nowhere) == 0
    assert before == {p.name: p.read_bytes() for p in report.iterdir()}


@pytest.mark.slow
def test_killed_and_started_again_it_ends_the_same(unbroken, tmp_path):
    process = subprocess.Popen(command(tmp_path, *FEW), stdout=subprocess.DEVNULL)
    while not records(tmp_path):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done_before = len(records(tmp_path))
    assert done_before < FEW_RUNS
    # The rest runs in a process that has done nothing before; the unbroken one had done other runs.
    assert f"[{done_before + 1}/{FEW_RUNS}]" in run(tmp_path, *FEW)
    expected = records(unbroken[0])
    found = records(tmp_path)
    assert len(found) == FEW_RUNS
    for name, record in found.items():  # key by key, so that what differs is told
        for key, value in record.items():
            assert value == expected[name][key], (name, key)
        assert record.keys() == expected[name].keys()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("whom", "by"),
    [
        ("command", signal.SIGKILL),
        ("command", signal.SIGTERM),
        ("worker, renaming", signal.SIGKILL),
    ],
)
def test_several_workers_end_the_same_whoever_is_killed_and_none_outlives_the_command(
    unbroken, tmp_path, whom, by
):
    overrides = [word for word in [*SMOKE[1:], *FEW] if word != "--set"]
    grid = Grid(tmp_path, overrides, workers=2)
    # Raises if a process is left.
    told = kill(grid, random.Random(2), whom, after_record=whom == "command", by=by)
    assert told.startswith(whom)
    grid.finish()
    found, expected = records(tmp_path), records(unbroken[0])
    assert len(found) == FEW_RUNS
    for name, record in found.items():
        assert record["seed"] == expected[name]["seed"]
        # With fewer threads each, sums are taken in another order.
        losses = expected[name]["history"]["loss"]
        assert record["history"]["loss"] == pytest.approx(losses, rel=1e-3)
        assert record["versions"]["threads"] == str(max(1, cores() // 2))


@pytest.mark.slow
def test_several_workers_stop_where_the_disk_is_full_and_the_same_command_goes_on(tmp_path):
    """It holds what all share, but no run's state, of which one is written after the first step."""
    given = [*FEW, "--set", "training.checkpoint_every=2", "--workers", "2"]
    limit = 2**20  # bytes of a file, whoever writes it
    full = subprocess.run(
        command(tmp_path, *given),
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert full.returncode == 1
    assert re.fullmatch(
        r"run_all.py: No space is left for [\w-]+--photo--trial1\.npz, which takes \d\.\d MB, in "
        rf"{tmp_path}/smoke/checkpoints \(File too large\): free as much, and the same command "
        r"goes on\n",
        full.stderr,
    )
    assert not list((tmp_path / "smoke").rglob("*.partial"))
    assert f"[{FEW_RUNS}/{FEW_RUNS}]" in run(tmp_path, *given)


def test_a_dry_run_shows_the_grid_and_runs_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        efficientnet_lite0, "_STAGES", STAGES
    )  # as `small_net`, for this test alone
    given = ["methods=[Deep-All, MLDG, Agr-Sum]", *SMALL]
    only = [word for override in given for word in ("--set", override)]
    assert run_here(monkeypatch, tmp_path, "--dry-run", *only) == 0
    printed = capsys.readouterr().out
    assert "deep-all--sketch--trial1" in printed
    assert "smoke: 6 runs, 6 of them to run." in printed
    assert "Time: about" in printed
    assert "Memory: at least" in printed
    assert "1 at a time with Deep-All; 4 at a time with Agr-Sum; 7 at a time with MLDG." in printed
    # What takes longest to compile is not: it follows from the others.
    steps = [int(ms) for ms in re.findall(r": (\d+) ms per step of", printed)]
    assert len(steps) == 3
    assert steps[2] == pytest.approx(steps[0] + steps[1], abs=2)
    assert not list(tmp_path.iterdir())


def test_a_dry_run_says_that_memory_is_not_known_on_windows(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(efficientnet_lite0, "_STAGES", STAGES)
    monkeypatch.setattr("dg_keras.benchmark.estimate.step_times.peak_memory", lambda: 0)
    only = [word for override in ["methods=[Deep-All]", *SMALL] for word in ("--set", override)]
    assert run_here(monkeypatch, tmp_path, "--dry-run", *only) == 0
    assert "Memory: not known on this system." in capsys.readouterr().out


def test_what_tensorflow_writes_is_shown_where_its_import_fails(tmp_path):
    broken = "import os\nos.write(2, b'no such driver\\n')\nraise ImportError('broken')\n"
    (tmp_path / "tensorflow.py").write_text(broken)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command(tmp_path), capture_output=True, text=True, env=environment)
    assert done.returncode == 1
    assert done.stderr.startswith("no such driver\n")
    assert done.stderr.endswith("ImportError: broken\n")


def test_the_readme_tells_how_to_test():
    assert INSTALL_AND_RUN == "pip install -r requirements.txt && python run_all.py"
    assert INSTALL_AND_TEST == "pip install -r requirements-dev.txt && pytest"


def test_a_record_of_another_config_is_never_mixed_in(unbroken, monkeypatch, capsys):
    results, _ = unbroken
    assert run_here(monkeypatch, results, "--set", "training.steps=6") == 2
    sentence = "was made with another configuration (training.steps: 4, now 6)"
    assert sentence in capsys.readouterr().err


def test_a_record_that_is_found_to_be_another_while_runs_go_on_is_one_sentence(
    tmp_path, monkeypatch, capsys
):
    """As where a shard was given another `--set`, and both began into an empty folder."""

    def run(self):
        raise benchmark.RecordError("one.json was made with another configuration")

    monkeypatch.setattr(benchmark.Study, "run", run)
    assert run_here(monkeypatch, tmp_path, "--set", "methods=[Deep-All]") == 2
    assert capsys.readouterr().err.endswith(": one.json was made with another configuration\n")
