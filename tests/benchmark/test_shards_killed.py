"""Three shards of one experiment, each a process: one comes late, one is killed."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from performance.kills import Grid
from tests.benchmark.few_images import few_images

OVERRIDES = [
    *(f"data.name={few_images()}", "trials=2", "training.steps=12"),
    *("training.evaluate_every=2", "training.checkpoint_every=2"),
]
RUNS = 16
# The dead are known to be so after five seconds, not two minutes.
COMMAND = """
import sys
from dg_keras.benchmark.records import claims
from dg_keras.benchmark.running import waiting
claims.BEAT = waiting.BEAT = 0.5
claims.DEAD = 5.0
import run_all
if __name__ == "__main__":
    sys.exit(run_all.main())
"""


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "command.py"
    path.write_text(COMMAND)
    return path


@contextlib.contextmanager
def shard(script, results, share):
    """The command for a share, in a process of its own, which ends with the test."""
    sets = [word for override in OVERRIDES for word in ("--set", override)]
    process = subprocess.Popen(
        [
            *(sys.executable, str(script), "configs/smoke.yaml", *sets),
            *("--results", str(results), "--shard", share),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.getcwd()},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def until(happened, process):
    """Waits for something that a process does."""
    deadline = time.monotonic() + 300
    while not happened():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def claimed_by(process, claims):
    """The runs that a process has claimed."""
    found = set()
    for path in claims.glob("*.claim"):
        with contextlib.suppress(FileNotFoundError):  # it was let go of
            if path.read_text().startswith(f"process {process.pid} on "):
                found.add(path.stem)
    return found


@pytest.mark.slow
def test_one_is_killed_in_a_run_and_none_is_lost_or_made_twice(tmp_path, script):
    undisturbed, shared = (tmp_path / name for name in ("undisturbed", "shared"))
    undisturbed.mkdir()
    undisturbed = Grid(undisturbed, OVERRIDES, workers=1)
    undisturbed.finish()
    assert len(undisturbed.records()) == RUNS

    shared.mkdir()
    claims = shared / "smoke" / "claims"
    shared = Grid(shared, OVERRIDES, workers=1)
    with contextlib.ExitStack() as started:
        first, second = (
            started.enter_context(shard(script, shared.results, share)) for share in ("1/3", "2/3")
        )
        until(lambda: len(shared.records()) >= 2, second)
        third = started.enter_context(shard(script, shared.results, "3/3"))
        begun = set()
        while not begun:
            until(lambda: claimed_by(second, claims), second)
            second.send_signal(signal.SIGSTOP)  # it may have let go of it since
            begun = claimed_by(second, claims)
            if not begun:
                second.send_signal(signal.SIGCONT)
        second.kill()
        printed = [process.communicate(timeout=300) for process in (first, second, third)]

    assert (first.returncode, third.returncode) == (0, 0), printed
    assert second.returncode == -signal.SIGKILL
    made = [run for out, _ in printed for run in re.findall(r"\] (trial .*): accuracy", out)]
    assert len(made) == len(set(made))
    assert begun
    assert {f"{run}.json" for run in begun} <= set(shared.records())
    assert shared.records() == undisturbed.records()
    assert shared.tables() == undisturbed.tables()
    assert list(claims.glob("*.claim")) == []
