"""A disk that is full at any moment: what is done stays, and the same command goes on."""

import contextlib
import re
import resource

import pytest

from dg_keras import data
from dg_keras.benchmark import experiment
from dg_keras.benchmark.records.records import Records
from dg_keras.benchmark.training import frozen_features
from dg_keras.benchmark.training.run_state import RunState
from dg_keras.benchmark.training.runner import Runner
from tests.benchmark.few_images import few_images
from tests.benchmark.running.test_carried_out import KEYS, command
from tests.benchmark.small_net import SMALL

pytestmark = pytest.mark.usefixtures("small_net")

ONE = [
    *SMALL,
    *(f"data.name={few_images()}", "trials=1", "targets=[photo]", "methods=[Deep-All]"),
    *("training.steps=2", "training.evaluate_every=1", "training.checkpoint_every=1"),
]
SPLIT, STATE, RECORD = "split.csv", f"checkpoints/{KEYS[0]}.npz", f"runs/{KEYS[0]}.json"
# What writes, how the file is called, and the files that are there after it failed.
MOMENTS = [
    (data, "write_manifest", r"split\.csv", []),
    (frozen_features, "write_arrays", r"\w{32}\.npz", [SPLIT]),
    (RunState, "_write", rf"{KEYS[0]}\.npz", [SPLIT]),
    (Records, "write", rf"{KEYS[0]}\.json", [STATE, SPLIT]),
    (experiment, "write_report", "report", [RECORD, SPLIT]),
]


@contextlib.contextmanager
def full_disk(limit=2**9):
    """No file can be longer than a little, whoever writes it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def files(folder):
    """All files, without the locks."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(str(path) for path in paths if path.suffix != ".lock")


@pytest.mark.slow
def test_what_is_done_stays_and_the_same_command_goes_on(tmp_path, monkeypatch, capsys):
    trained = []
    fit = Runner.run
    monkeypatch.setattr(
        Runner, "run", lambda *arguments: (trained.append(arguments), fit(*arguments))[1]
    )
    for owner, name, file, there in MOMENTS:
        write = getattr(owner, name)

        def write_nothing(*arguments, write=write):
            with full_disk():
                return write(*arguments)

        with monkeypatch.context() as full:
            full.setattr(owner, name, write_nothing)
            assert command(full, tmp_path, *ONE) == 1
        said = rf"run_all.py: No space is left for {file}, which takes \d+\.\d [kM]B, in {tmp_path}"
        rest = r".* \(File too large\): free as much, and the same command goes on"
        if RECORD in there:
            rest += ", or with --report-only reports what is done"
        rest += "\n"
        assert re.fullmatch(said + rest, capsys.readouterr().err)
        assert files(tmp_path / "smoke") == there
    assert command(monkeypatch, tmp_path, *ONE) == 0
    assert len(trained) == 3  # the report of a run that was done needs no other
    assert files(tmp_path / "smoke")[-2:] == [RECORD, SPLIT]
