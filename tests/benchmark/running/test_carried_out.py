"""Runs that end badly, in this process and in others: none costs another."""

import contextlib
import functools
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from tensorflow import errors

import run_all
from dg_keras import backbones, benchmark, data
from dg_keras.benchmark.config.runs_of import runs_of
from dg_keras.benchmark.estimate.stopwatch import Stopwatch
from dg_keras.benchmark.records.records import Records
from dg_keras.benchmark.records.run_files import RunFiles
from dg_keras.benchmark.running import team
from dg_keras.benchmark.running.carried_out import carried_out
from dg_keras.benchmark.running.hand import Hand, UnpreparedError
from dg_keras.benchmark.running.outcome import Outcome
from dg_keras.benchmark.running.waiting import Waiting
from dg_keras.benchmark.running.worker import DiedError
from dg_keras.benchmark.training.load_images import load_images
from dg_keras.benchmark.training.run_state import RunState
from dg_keras.benchmark.training.runner import Runner
from dg_keras.common.told_if_full import NoSpaceError
from tests.benchmark.acted import Acted
from tests.benchmark.few_images import few_images
from tests.benchmark.small_net import SMALL
from tests.common.test_sole_user import used_elsewhere

pytestmark = pytest.mark.usefixtures("small_net")

FEW = [f"data.name={few_images()}", "trials=1", "targets=[photo]", "training.steps=2", *SMALL]
TWO = [*FEW, "methods=[Agr-Sum, Deep-All]"]
THREE = [*FEW, "methods=[Deep-All, Agr-Sum, Agr-Rand]"]
STOPPED = "Stopped. The same command goes on where this one ended.\n"
KEYS = [f"{method}--photo--trial1" for method in ("deep-all", "agr-sum", "agr-rand")]


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_worker_that_dies_costs_its_run_alone_and_no_worker_outlives_the_rest(tmp_path):
    methods = "methods=[{name: Dies}, {name: Works}, {name: Sleeps}]"
    (config,) = benchmark.read(
        "configs/smoke.yaml", ["trials=1", methods, "baseline=Works"]
    ).configs
    started, outcomes = [], {}
    hand = Acted(tmp_path)
    waiting = Waiting(runs_of(config, ["photo"]), hand.records)
    with contextlib.closing(carried_out(waiting, hand, 2, started.append)) as carried:
        while len(outcomes) < 2:
            outcome = next(carried)
            outcomes[outcome.run.method.name] = outcome
    assert outcomes["Works"].record.method == "Works"
    assert outcomes["Dies"].failure == (
        "its process was ended by SIGKILL, which is what a system out of memory sends, 2 times"
    )
    log = tmp_path / "runs/dies--photo--trial1.log"
    assert log.read_text() == f"{outcomes['Dies'].failure}\n"
    assert [run.method.name for run in started].count("Dies") == 2
    pids = set(map(int, hand.pids.read_text().split()))
    assert os.getpid() not in pids
    assert len(pids) >= 3
    assert not any(map(is_running, pids))


class Process:
    """Takes a worker's place: but for the first ones, they die until `until` runs were made."""

    def __init__(self, is_well, made, until):
        self.run, self.is_well, self.made, self.until = None, is_well, made, until

    def receive(self):
        dies = self.run is not None and self.run.method.name == "Dies"
        if dies or (not self.is_well and len(self.made) < self.until):
            raise DiedError("its process ended with exit code 1", "")
        if self.run is None:
            return None
        self.made.append((self, self.run.method.name))
        return Outcome(self.run, failure="It failed" if self.run.method.name == "Fails" else None)

    def give(self, run):
        self.run = run

    def end(self):
        pass


def by_processes(monkeypatch, folder, well, until, methods):
    """What a team of such processes comes to: the processes, what each made, and the outcomes."""
    processes, made = [], []

    def begun(*_):
        processes.append(Process(len(processes) < well, made, until))
        return processes[-1]

    monkeypatch.setattr(team, "Worker", begun)
    # Those that die do so at once, and a run takes long.
    monkeypatch.setattr(team, "_with_news", lambda them: sorted(them, key=_comes_late)[:1])
    (config,) = benchmark.read(
        "configs/smoke.yaml", ["trials=4", f"methods=[{methods}]", "baseline=A"]
    ).configs
    hand = Acted(folder)
    waiting = Waiting(runs_of(config, ["photo"]), hand.records)
    return processes, made, list(carried_out(waiting, hand, 2, lambda run: None))


def _comes_late(process):
    return process.run is not None


def test_workers_that_can_t_begin_cost_those_that_are_at_work_nothing(tmp_path, monkeypatch):
    processes, made, outcomes = by_processes(monkeypatch, tmp_path, 1, 2, "{name: A}")
    assert len(outcomes) == 4
    assert {process for process, _ in made} == {processes[0], processes[-1]}
    # Three died, then none was begun until a run was done; then another three, and the next run.
    assert len(processes) == 1 + 3 + 3 + 1


def test_workers_that_can_t_begin_stop_what_nobody_is_at(tmp_path, monkeypatch):
    with pytest.raises(UnpreparedError, match="3 workers died before their first run: its process"):
        by_processes(monkeypatch, tmp_path, 0, 1, "{name: A}")


def test_the_last_one_at_work_that_dies_leaves_no_run_out(tmp_path, monkeypatch):
    with pytest.raises(UnpreparedError, match="workers died before their first run: its process"):
        by_processes(monkeypatch, tmp_path, 1, 1, "{name: Dies}, {name: A}")


def test_a_process_in_which_a_run_failed_is_given_no_other(tmp_path, monkeypatch):
    """What is wrong may be the process, as where a GPU has a fault that stays."""
    methods = "{name: A}, {name: Fails}"
    processes, made, outcomes = by_processes(monkeypatch, tmp_path, 2, 0, methods)
    assert sum(outcome.failure is not None for outcome in outcomes) == 4
    assert len(outcomes) == 8
    for process in processes:
        of_process = [method for by, method in made if by is process]
        assert "Fails" not in of_process[:-1]


@pytest.mark.slow
def test_a_worker_ends_with_a_command_that_is_killed_while_it_still_imports(tmp_path):
    """Which may take long."""
    pids, script = tmp_path / "pids", tmp_path / "imports.py"
    script.write_text(f"""
import os, pathlib, signal, sys, threading, time

pids = pathlib.Path({str(pids)!r})

class TakesLong:
    def find_spec(name, *_):
        if name == "tensorflow":
            pids.write_text(str(os.getpid()))
            time.sleep(600)

if __name__ == "__mp_main__":
    sys.meta_path.insert(0, TakesLong)
import dg_keras

def die_when_it_has_begun():
    while not pids.exists():
        time.sleep(0.1)
    os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    from dg_keras.benchmark.running.worker import Worker
    threading.Thread(target=die_when_it_has_begun).start()
    Worker(None, [], 1)
""")
    done = subprocess.run([sys.executable, script], env=os.environ | {"PYTHONPATH": os.getcwd()})
    assert done.returncode == -signal.SIGKILL
    pid = int(pids.read_text())
    until = time.monotonic() + 10
    while is_running(pid) and time.monotonic() < until:
        time.sleep(0.1)
    assert not is_running(pid)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells what a process holds back")
def test_the_first_worker_leaves_ctrl_c_to_the_command(tmp_path):
    """What multiprocessing starts with its first process lets signals through again."""
    script = tmp_path / "starts.py"
    script.write_text("""
import pathlib, signal
import dg_keras

if __name__ == "__main__":
    from dg_keras.benchmark.running.worker import Worker
    worker = Worker(None, [], 1)
    print(pathlib.Path(f"/proc/{worker._process.pid}/status").read_text())
    worker.end()
""")
    environment = os.environ | {"PYTHONPATH": os.getcwd()}
    told = subprocess.check_output([sys.executable, script], env=environment, text=True)
    (held_back,) = (line.split()[1] for line in told.splitlines() if line.startswith("SigBlk"))
    assert int(held_back, 16) & 1 << (signal.SIGINT - 1)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="the signal is of POSIX")
def test_a_worker_that_crashes_tells_where(tmp_path):
    """Such as in a library that is compiled."""
    (config,) = benchmark.read(
        "configs/smoke.yaml", ["trials=1", "methods=[{name: Crashes}]", "baseline=Crashes"]
    ).configs
    hand = Acted(tmp_path)
    waiting = Waiting(runs_of(config, ["photo"]), hand.records)
    (outcome,) = carried_out(waiting, hand, 2, [].append)
    log = tmp_path / "runs/crashes--photo--trial1.log"
    assert outcome.failure == f"its process was ended by SIGSEGV, 2 times (more in {log})"
    trace = log.read_text()
    assert trace.startswith("Fatal Python error: Segmentation fault")
    assert "acted.py" in trace


@pytest.mark.slow
def test_a_run_whose_worker_dies_once_it_wrote_the_record_is_done(tmp_path):
    methods = "methods=[{name: Dies when done}]"
    (config,) = benchmark.read(
        "configs/smoke.yaml", ["trials=1", methods, "baseline=Dies when done"]
    ).configs
    (run,) = runs_of(config, ["photo"])
    hand = Acted(tmp_path)
    checkpoint = hand.files.checkpoint(run)
    checkpoint.parent.mkdir()
    checkpoint.touch()
    started = []
    waiting = Waiting([run], hand.records)
    (outcome,) = carried_out(waiting, hand, 2, started.append)
    assert outcome.record.method == "Dies when done"
    assert len(started) == 1
    assert not checkpoint.exists()


def broken(monkeypatch, **deeds):
    """Lets the runs of some methods do something else, with the model that they were to train."""
    run = Runner.run

    def run_or_not(runner, one, checkpoint=None):
        deed = deeds.get(one.method.strategy)
        if deed is not None:
            deed()
        return run(runner, one, checkpoint)

    monkeypatch.setattr(Runner, "run", run_or_not)


def command(monkeypatch, results, *overrides, more=()):
    """`run_all.py` in this process; returns its exit code."""
    sets = [word for override in overrides for word in ("--set", override)]
    arguments = ["run_all.py", "configs/smoke.yaml", *sets, "--results", str(results)]
    arguments += more
    monkeypatch.setattr("sys.argv", arguments)
    return run_all.main()


def fail():
    raise FloatingPointError("the sum of\nall fears")


@pytest.mark.slow
def test_a_run_that_fails_costs_no_other_and_is_tried_again(tmp_path, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        broken(patch, agr_sum=fail)
        assert command(patch, tmp_path, *TWO) == 1
    printed = capsys.readouterr()
    log = tmp_path / f"smoke/runs/{KEYS[1]}.log"
    told = f"Agr-Sum: failed: FloatingPointError: the sum of all fears (more in {log})"
    assert f"[1/2] trial 1, photo held out, {told}" in printed.out
    assert "1 of 2 runs are done." in printed.out
    assert printed.err == (
        f"run_all.py: 1 of 2 runs failed: {KEYS[1]}. The same command tries them again\n"
    )
    assert "in fail\n    raise FloatingPointError" in log.read_text()
    found = {path.stem for path in (tmp_path / "smoke/runs").glob("*.json")}
    assert found == {KEYS[0]}
    assert (tmp_path / "smoke/report/index.html").is_file()

    assert command(monkeypatch, tmp_path, *TWO) == 0
    assert "[2/2] trial 1, photo held out, Agr-Sum: accuracy" in capsys.readouterr().out
    assert sorted(path.name for path in (tmp_path / "smoke/runs").iterdir()) == sorted(
        f"{key}.json" for key in KEYS[:2]
    )


def test_what_would_hit_every_run_stops_at_once(tmp_path, monkeypatch, capsys):
    root = tmp_path / "images"
    shutil.copytree(few_images(), root)
    next((root / "images/photo").rglob("*.jpg")).write_bytes(b"no image")
    few = [f"data.root={root}", "data.name=few", *THREE[1:]]
    assert command(monkeypatch, tmp_path, *few) == 1
    printed = capsys.readouterr()
    assert "failed" not in printed.out
    log = tmp_path / f"smoke/runs/{KEYS[0]}.log"
    assert printed.err.endswith(f"(more in {log})\n")
    assert printed.err.count("\n") == 1


ONCE = ["training.steps=4", "training.evaluate_every=2", "training.checkpoint_every=2"]
MEANWHILE = "run_all.py: Images and weights must stay as they are while runs are made of them. "


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """Overrides for images of one's own that are decoded at every use, and one of them."""
    root = tmp_path / "images"
    shutil.copytree(few_images(), root)
    too_many = functools.partial(data.load, memory_limit=0)
    monkeypatch.setattr("dg_keras.benchmark.training.load_images.datasets.load", too_many)
    overrides = [f"data.root={root}", "data.name=few", *TWO[1:], *ONCE]
    overrides.remove(SMALL[1])
    return [*overrides, "backbone.train_from=null"], next((root / "images/photo").rglob("*.jpg"))


def at_evaluation(monkeypatch, number, deed):
    """Does something before an evaluation is taken down, of the first run alone."""
    begun = []
    taken_down = RunState.on_epoch_end

    def on_epoch_end(state, epoch, logs=None):
        begun.append(epoch)
        if len(begun) == number:
            deed()
        taken_down(state, epoch, logs)

    monkeypatch.setattr(RunState, "on_epoch_end", on_epoch_end)


@pytest.mark.parametrize(
    ("deed", "done"),
    [
        pytest.param(lambda path: path.write_bytes(b""), "changed", id="changed"),
        pytest.param(lambda path: path.unlink(), "removed", id="removed", marks=pytest.mark.slow),
    ],
)
def test_images_that_change_while_they_are_trained_on_stop_all(
    tmp_path, monkeypatch, capsys, copied, deed, done
):
    overrides, image = copied
    at_evaluation(monkeypatch, 2, lambda: deed(image))
    assert command(monkeypatch, tmp_path, *overrides) == 1
    assert capsys.readouterr().err == (
        f"{MEANWHILE}Received: {str(image)!r}, which was {done} meanwhile\n"
    )
    # What had been trained before stays, and nothing that was trained since.
    (checkpoint,) = (tmp_path / "smoke/checkpoints").iterdir()
    with np.load(checkpoint) as state:
        assert state["evaluations"] == 1
    assert not list((tmp_path / "smoke").rglob("*.json"))


@pytest.mark.slow
def test_images_that_are_touched_alone_are_the_same(tmp_path, monkeypatch, copied):
    overrides, image = copied
    at_evaluation(monkeypatch, 1, image.touch)
    assert command(monkeypatch, tmp_path, *overrides) == 0


def test_weights_that_change_between_runs_stop_all(tmp_path, monkeypatch, capsys):
    """They are read again for each seed."""
    file = tmp_path / "own.weights.h5"
    backbones.EfficientNetLite0(8, image_size=32).save_weights(file)
    changed = backbones.EfficientNetLite0(8, image_size=32)
    two = [*TWO, f"backbone.weights={file}", "trials=2", "methods=[Deep-All, Agr-Sum]"]
    broken(monkeypatch, agr_sum=lambda: changed.save_weights(file))
    assert command(monkeypatch, tmp_path, *two) == 1
    assert capsys.readouterr().err == (
        f"{MEANWHILE}Received: {str(file)!r}, which was changed meanwhile\n"
    )
    assert [path.stem for path in (tmp_path / "smoke/runs").glob("*.json")] == [KEYS[0]]


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(MemoryError("no room"), id="host"),
        pytest.param(
            errors.ResourceExhaustedError(None, None, "no room"),
            id="device",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_setting_that_does_not_fit_costs_no_other(tmp_path, monkeypatch, capsys, error):
    def loaded(config, data_root):
        if config.data.image_size == 48:
            raise error
        return load_images(config, data_root)

    monkeypatch.setattr("dg_keras.benchmark.running.hand.load_images", loaded)
    sizes = "grid={image_size: [48, 32], choose: for_all}"
    assert command(monkeypatch, tmp_path, *FEW, "methods=[Deep-All]", sizes) == 1
    assert "1 of 2 runs failed: " in capsys.readouterr().err
    assert len(list((tmp_path / "smoke/runs").glob("*.json"))) == 1


def test_what_does_not_fit_when_it_is_frozen_costs_no_other(tmp_path, monkeypatch):
    """As it is for several processes before they begin."""
    errors_of = iter([MemoryError("no room"), ZeroDivisionError("by zero")])

    def fails(*_):
        raise next(errors_of)

    monkeypatch.setattr("dg_keras.benchmark.running.hand.load_images", fails)
    (config,) = benchmark.read("configs/smoke.yaml", FEW).configs
    hand = Hand(Records(tmp_path / "runs", None), RunFiles(tmp_path), None, None)
    (run,) = runs_of(config, ["photo"])[:1]
    assert not hand.prepare(run)
    with pytest.raises(UnpreparedError, match="ZeroDivisionError: by zero"):
        hand.prepare(run)


@pytest.mark.parametrize("error", [MemoryError("no room"), ZeroDivisionError("by zero")], ids=str)
def test_a_dry_run_of_what_does_not_fit_is_one_sentence(monkeypatch, tmp_path, capsys, error):
    def fails(*arguments):
        raise error

    monkeypatch.setattr(Stopwatch, "steps", fails)
    assert command(monkeypatch, tmp_path, *TWO, more=["--dry-run"]) == 2
    assert capsys.readouterr().err == (
        "run_all.py: smoke: steps of Agr-Sum could not be measured "
        f"({type(error).__name__}: {error})\n"
    )


@pytest.mark.slow
def test_a_run_that_is_stopped_goes_on_where_it_was(tmp_path, monkeypatch, capsys):
    begun = []
    taken_down = RunState.on_epoch_end

    def on_epoch_end(state, epoch, logs=None):
        taken_down(state, epoch, logs)
        begun.append(epoch)
        if begun == [0]:
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(RunState, "on_epoch_end", on_epoch_end)
    often = ["training.evaluate_every=1", "training.checkpoint_every=1"]
    one = [*FEW, "methods=[Deep-All]", *often]
    before = signal.getsignal(signal.SIGTERM)
    assert command(monkeypatch, tmp_path, *one) == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is before
    assert capsys.readouterr().err == STOPPED
    assert [path.name for path in (tmp_path / "smoke/checkpoints").iterdir()] == [f"{KEYS[0]}.npz"]
    (tmp_path / "smoke/runs").mkdir()
    for name in ("runs/.x.json.7.partial", "checkpoints/.y.npz.7.partial"):  # as if killed
        (tmp_path / "smoke" / name).write_bytes(b"half")
    assert command(monkeypatch, tmp_path, *one) == 0
    assert begun == [0, 1]
    left = {path.name for path in (tmp_path / "smoke").iterdir()}
    assert left == {".report.lock", ".run.lock", "report", "runs", "split.csv"}
    assert [path.name for path in (tmp_path / "smoke/runs").iterdir()] == [f"{KEYS[0]}.json"]


def test_ctrl_c_is_told_from_other_signals_by_its_code(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("dg_keras.command.carry_out", lambda *_: signal.raise_signal(signal.SIGINT))
    # A shell starts what goes on in its background with Ctrl-C ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert command(monkeypatch, tmp_path, *FEW) == 128 + signal.SIGINT
    finally:
        signal.signal(signal.SIGINT, before)
    assert capsys.readouterr().err == STOPPED


def test_sigterm_has_its_code_whoever_raises_the_interrupt(tmp_path, monkeypatch, capsys):
    """Ray raises one of its own."""

    def stopped(*_):
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        raise KeyboardInterrupt

    monkeypatch.setattr("dg_keras.command.carry_out", stopped)
    assert command(monkeypatch, tmp_path, *FEW) == 128 + signal.SIGTERM
    assert capsys.readouterr().err == STOPPED


def test_results_that_another_is_making_are_left_alone(tmp_path, monkeypatch, capsys):
    (tmp_path / "smoke").mkdir()
    with used_elsewhere(tmp_path / "smoke"):
        assert command(monkeypatch, tmp_path, *THREE) == 2
    told = f"run_all.py: {tmp_path}/smoke is being run by process {os.getpid()} on "
    assert capsys.readouterr().err.startswith(told)


def test_no_space_left_stops_at_once(tmp_path, monkeypatch, capsys):
    def fill():
        raise NoSpaceError("No space is left for it")

    broken(monkeypatch, agr_sum=fill)
    assert command(monkeypatch, tmp_path, *THREE) == 1
    told = "run_all.py: No space is left for it, or with --report-only reports what is done\n"
    assert capsys.readouterr().err == told
    assert [path.stem for path in (tmp_path / "smoke/runs").iterdir()] == [KEYS[0]]


def test_a_record_that_cannot_be_written_stops_at_once(tmp_path, monkeypatch, capsys):
    """Every other run would be trained in vain."""

    def refused(self, run, record):
        raise PermissionError(13, "Permission denied", str(tmp_path))

    monkeypatch.setattr(Records, "write", refused)
    assert command(monkeypatch, tmp_path, *TWO) == 1
    told = capsys.readouterr()
    assert "A record could not be written ([Errno 13] Permission denied" in told.err
    assert "Traceback" not in told.err
