"""Runs on a Ray cluster of two machines, both of them here."""

import contextlib
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import ray
from ray.cluster_utils import Cluster

import run_all
from dg_keras import benchmark
from dg_keras.benchmark.config.config import Resources
from dg_keras.benchmark.config.runs_of import runs_of
from dg_keras.benchmark.records.records import Records
from dg_keras.benchmark.running import by_ray
from dg_keras.benchmark.running.by_ray import carried_out_by_ray
from dg_keras.benchmark.running.hand import UnpreparedError
from dg_keras.benchmark.running.outcome import Outcome
from dg_keras.benchmark.running.waiting import Waiting
from dg_keras.benchmark.training.frozen_features import KeptFeatures, SharedFeatures
from dg_keras.common.told_if_full import NoSpaceError
from tests.benchmark.acted import Acted
from tests.benchmark.made_records import record

HERE = socket.gethostname()


@pytest.fixture(scope="module")
def cluster():
    """Two machines of one CPU each, the first of which is where the command runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.getcwd())  # as it is where run_all.py is
        patch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
        yield cluster
        cluster.shutdown()


class OnMachines(Acted):
    """What is frozen is a million ones; some runs act by the machine that they are on."""

    def __init__(self, folder, broken):
        super().__init__(folder)
        self.features = KeptFeatures(folder / "features")
        self.broken = broken
        self.first = ray.get_runtime_context().get_node_id()

    def prepare(self, run):
        if self.broken:
            raise UnpreparedError("The images are gone")
        with (self.pids.parent / "prepared").open("a") as prepared:
            prepared.write("once\n")
        self.features.get("of all", lambda: np.ones(1_000_000, "float32"))
        return True

    def carry_out(self, run):
        if run.method.name == "No space":
            raise NoSpaceError("No space is left for it")
        if run.method.name.startswith("Sleeps on the second"):
            with self.pids.open("a") as pids:
                pids.write(f"{os.getpid()}\n")
            if ray.get_runtime_context().get_node_id() != self.first:
                (self.pids.parent / "asleep").touch()
                time.sleep(600)
            wait_for(self.pids.parent / "asleep")
            return Outcome(run, record(run.method.name, run.target, run.trial, 0.5))
        if run.method.name == "Frozen":
            frozen = self.features.get("of all", lambda: np.zeros(1))
            assert not frozen.flags.writeable  # it is the machine's, not the process' own
            return Outcome(
                run, record(run.method.name, run.target, run.trial, float(frozen.mean()))
            )
        return super().carry_out(run)


def wait_for(path):
    deadline = time.monotonic() + 120
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def carried_out(folder, *methods, broken=False):
    """Carries out a run of each of these methods; returns what came of them, by method."""
    named = ", ".join(f"{{name: '{method}'}}" for method in methods)
    overrides = ["trials=1", f"methods=[{named}]", f"baseline={methods[0]}"]
    (config,) = benchmark.read("configs/smoke.yaml", overrides).configs
    hand = OnMachines(folder, broken)
    waiting = Waiting(runs_of(config, ["photo"]), hand.records)
    started = []
    outcomes = list(carried_out_by_ray(waiting, hand, "auto", started.append))
    assert [run.method.name for run in started] == list(methods)
    return {outcome.run.method.name: outcome for outcome in outcomes}


@pytest.fixture
def connected(cluster):
    """This process, as a part of the cluster."""
    ray.init(cluster.address, log_to_driver=False)
    yield cluster
    ray.shutdown()


def test_it_is_told_where_no_machine_has_what_a_run_takes_any_more(monkeypatch, caplog):
    answers = iter([([], ["task"]), ([], ["task"]), (["task"], [])])
    monkeypatch.setattr(by_ray.ray, "wait", lambda tasks, timeout: next(answers))
    monkeypatch.setattr(by_ray, "_room", lambda resources: 0)
    assert by_ray._ended(["task"], Resources(cpus=2, gpus=1)) == "task"
    (told,) = caplog.messages
    assert told.startswith(
        "No machine of the Ray cluster has what a run takes any more (cpus=2, gp"
    )


def test_a_cluster_that_goes_away_is_one_sentence():
    with pytest.raises(ConnectionError) as told, by_ray._cluster_is_needed():
        raise ray.exceptions.RaySystemError("The head is gone")
    assert str(told.value) == (
        "The Ray cluster went away (RaySystemError: System error: The head is gone). The same "
        "command goes on where this one ended"
    )


@pytest.mark.slow
def test_a_run_that_takes_no_gpu_sees_none(connected):
    def seen():
        return os.environ.get("CUDA_VISIBLE_DEVICES")

    assert ray.get(by_ray._task(seen, Resources()).remote()) == "-1"


@pytest.mark.slow
def test_records_of_earlier_commands_in_a_folder_of_a_machines_own_are_not_handed_in(
    tmp_path, connected, monkeypatch
):
    def runs_begun():
        return len((tmp_path / "pids").read_text().split())

    carried_out(tmp_path, "Works")
    assert runs_begun() == 1
    carried_out(tmp_path, "Works")  # which Ray might have run again
    assert runs_begun() == 1
    elsewhere = contextlib.nullcontext(tmp_path / "not there")
    monkeypatch.setattr(by_ray, "_marked", lambda folder: elsewhere)
    carried_out(tmp_path, "Works")
    assert runs_begun() == 2


@pytest.mark.slow
def test_a_run_that_fails_or_kills_its_process_costs_no_other(tmp_path, connected, monkeypatch):
    # Ray 2.60 ends the process that cancels a task which is just done.
    monkeypatch.setattr(ray, "cancel", lambda *_, **__: pytest.fail("All tasks ended."))
    outcomes = carried_out(tmp_path, "Works", "Dies", "Dies when done", "Fails", "Frozen")
    assert outcomes["Works"].record.method == "Works"
    assert outcomes["Dies when done"].record.method == "Dies when done"
    assert outcomes["Frozen"].record.result.accuracy == 1.0
    assert outcomes["Fails"].failure == f"It failed on {HERE}"
    assert outcomes["Dies"].failure.startswith("WorkerCrashedError: ")
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == [
        "dies--photo--trial1.log",
        "dies-when-done--photo--trial1.json",
        "frozen--photo--trial1.json",
        "works--photo--trial1.json",
    ]
    assert len((tmp_path / "pids").read_text().split()) == 1 + 4 + 1 + 1  # dies three times more
    assert (tmp_path / "prepared").read_text() == "once\n"


@pytest.mark.slow
def test_runs_of_a_machine_that_dies_are_made_on_another(tmp_path, connected):
    second = connected.add_node(num_cpus=1)

    def kill():
        wait_for(tmp_path / "asleep")
        connected.remove_node(second, allow_graceful=False)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    methods = ["Works", "Sleeps on the second", "Sleeps on the second, too", "Frozen"]
    outcomes = carried_out(tmp_path, *methods)
    killer.join()
    assert {name: outcome.record.method for name, outcome in outcomes.items()} == {
        name: name for name in methods
    }
    assert len((tmp_path / "pids").read_text().split()) > 3  # one was begun twice


@pytest.mark.slow
def test_what_would_hit_every_run_stops_at_once(tmp_path, connected):
    with pytest.raises(NoSpaceError) as raised:
        carried_out(tmp_path, "No space", "Sleeps")
    assert str(raised.value) == f"No space is left for it on {HERE}"


@pytest.mark.slow
def test_what_cannot_be_prepared_stops_at_once(tmp_path, connected):
    with pytest.raises(UnpreparedError) as raised:
        carried_out(tmp_path, "Works", broken=True)
    assert str(raised.value) == f"The images are gone on {HERE}"


@pytest.mark.slow
def test_real_runs_come_to_what_they_come_to_without_ray(tmp_path, monkeypatch, connected):
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "1")  # as a task of one CPU has
    records = {}
    before = signal.getsignal(signal.SIGTERM)
    for name, how in (("here", ()), ("there", ("--ray=auto",))):
        settings = ("trials=1", "targets=[photo]", "methods=[Agr-Sum, Deep-All]")
        short = ("training.steps=2", "training.evaluate_every=1")
        sets = [word for setting in (*settings, *short) for word in ("--set", setting)]
        results = str(tmp_path / name)
        script = [sys.executable, "run_all.py", "configs/smoke.yaml", *sets, "--results", results]
        if how:
            assert command(monkeypatch, *sets, "--results", results, *how) == 0
        else:
            subprocess.run(script, check=True, capture_output=True)
        for path in sorted((tmp_path / name / "smoke" / "runs").iterdir()):
            record = json.loads(path.read_text())
            made = {key: record[key] for key in set(record) - {"seconds", "checksum"}}
            records.setdefault(path.name, []).append(made)
    assert signal.getsignal(signal.SIGTERM) is before
    assert len(records) == 2
    for here, there in records.values():
        assert here == there


def test_images_that_are_not_those_of_the_command_stop_it(tmp_path):
    with pytest.raises(ValueError, match=r"The images and their split must be those that"):
        Records(tmp_path, "0" * 64).check_origin({"split": "1" * 64, "weights": None})
    Records(tmp_path, None, "2" * 64).check_origin({"split": "1" * 64, "weights": "2" * 64})


def test_features_are_those_that_were_handed_over_or_else_what_is_kept(tmp_path):
    shared = SharedFeatures(KeptFeatures(tmp_path))
    shared.latest = ("these", np.ones(2))
    np.testing.assert_array_equal(shared.get("these", lambda: np.zeros(2)), [1, 1])
    np.testing.assert_array_equal(shared.get("those", lambda: np.zeros(2)), [0, 0])
    assert shared.latest[0] == "those"


def command(monkeypatch, *arguments):
    """`run_all.py` in this process; returns its exit code."""
    monkeypatch.setattr("sys.argv", ["run_all.py", "configs/smoke.yaml", *arguments])
    return run_all.main()


class TestSentences:
    """What is wrong is told before anything is trained."""

    def told(self, tmp_path, monkeypatch, capsys, *arguments):
        assert command(monkeypatch, *arguments, "--results", str(tmp_path)) == 2
        return capsys.readouterr().err

    def test_an_address_that_is_none(self, tmp_path, monkeypatch, capsys):
        assert self.told(tmp_path, monkeypatch, capsys, "--ray=ray://here:1") == (
            "run_all.py: `ray` must be auto, for the cluster of this machine, local, for one that "
            "is started here and ends with the runs, or HOST:PORT. Received: ray='ray://here:1'\n"
        )

    def test_one_where_nobody_answers(self, tmp_path, monkeypatch, capsys):
        told = self.told(tmp_path, monkeypatch, capsys, "--ray=127.0.0.1:1")
        assert told == (
            "run_all.py: `ray` must be where a Ray cluster is. Received: ray='127.0.0.1:1', where "
            "nobody answers ([Errno 111] Connection refused)\n"
        )

    def test_no_cluster_on_this_machine(self, tmp_path, monkeypatch, capsys):
        def init(**arguments):
            raise ConnectionError("Could not find any running Ray instance.")

        monkeypatch.setattr(ray, "init", init)
        assert self.told(tmp_path, monkeypatch, capsys, "--ray=auto") == (
            "run_all.py: `ray` must be where a Ray cluster is. Received: ray='auto', and no "
            "cluster; `ray start --head` starts one\n"
        )

    def test_no_ray(self, tmp_path, monkeypatch, capsys):
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
        assert self.told(tmp_path, monkeypatch, capsys, "--ray=auto") == (
            "run_all.py: `ray` needs Ray: `pip install dg_keras[ray]`. "
            "Received: ray='auto', and no Ray\n"
        )

    def test_workers(self, tmp_path, monkeypatch, capsys):
        assert self.told(tmp_path, monkeypatch, capsys, "--ray=auto", "--workers=2") == (
            "run_all.py: `ray` must come without `workers` and `shard`, since Ray says what runs "
            "where. Received: ray='auto', workers=2, shard=None\n"
        )

    @pytest.mark.slow
    def test_resources_that_no_machine_has(self, tmp_path, monkeypatch, capsys, connected):
        told = self.told(tmp_path, monkeypatch, capsys, "--ray=auto", "--set=resources.gpus=0.5")
        assert told == (
            "run_all.py: `resources` must be what a machine of the Ray cluster has. Received: "
            "cpus=1, gpus=0.5, and machines with 1 CPUs, 0 GPUs\n"
        )
