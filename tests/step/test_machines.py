"""Several machines that train one model, each a process here: what one does, and after a death."""

import json
import signal
import subprocess
import sys

import numpy as np
import pytest

from tests.step.machine import EPOCHS, NAN_STEP
from tests.step.on_replicas import OVERFLOWS, assert_same_as_one, environments, findings

pytestmark = pytest.mark.slow

COMPARED = [
    *("agr_rand+mldg", "pcgrad+irm", "in_turn", "bytes for labels"),
    "agr_sum+group_dro, whole domains",
]
"""A few: `python -m tests.step.on_replicas 2 --machines` compares them all."""


@pytest.fixture(scope="module")
def compared():
    """What `tests.step.on_replicas` finds, by case."""
    return findings("2", "--machines", *COMPARED, *OVERFLOWS)


@pytest.mark.parametrize("case", COMPARED)
def test_two_machines_do_what_one_does(compared, case):
    assert_same_as_one(compared[case])


@pytest.mark.parametrize("case", OVERFLOWS)
def test_an_overflow_on_one_machine_skips_the_step_on_all(compared, case):
    assert compared[case] == {"moved": 0.0, "scale": 0.5}


def job(folder, *arguments):
    """Two machines' exit codes, and what each printed."""
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "tests.step.machine", str(folder), *arguments]
    machines = [
        subprocess.Popen(
            command, env=one, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for one in environments(2)
    ]
    ends = [machine.communicate(timeout=300) for machine in machines]
    told = [json.loads(out) if out else errors[-3000:] for out, errors in ends]
    return [machine.returncode for machine in machines], told


def weights(folder):
    with np.load(folder / "weights.npz") as file:
        return [file[name] for name in file.files]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    codes, told = job(folder)
    assert codes == [0, 0], told
    assert told[0] == told[1]
    assert len(told[0]["val_accuracy"]) == EPOCHS
    assert not (folder / "backup").exists()
    return weights(folder), told[0]


@pytest.mark.parametrize("killed", ["second", "first"])
def test_a_job_of_which_one_was_killed_goes_on_and_ends_as_if_undisturbed(
    tmp_path, undisturbed, killed
):
    codes, told = job(tmp_path, "--dies", "2", *(["--first"] if killed == "first" else []))
    dead, other = (0, 1) if killed == "first" else (1, 0)
    assert codes[dead] == -signal.SIGKILL
    assert codes[other] not in (0, -signal.SIGKILL), told  # it does not wait for the dead for ever
    assert (tmp_path / "backup").is_dir()
    codes, told = job(tmp_path)
    assert codes == [0, 0], told
    expected, history = undisturbed
    for name, values in told[0].items():
        assert values == history[name][2:], name  # it had ended two epochs
    for ours, theirs in zip(weights(tmp_path), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_backup_that_not_all_machines_see_is_told(tmp_path):
    job(tmp_path, "--dies", "2", "--own")
    codes, told = job(tmp_path, "--own")
    assert 0 not in codes
    assert all("`backup_dir` must be a folder that all machines see" in each for each in told)


def test_what_is_nan_on_one_machine_is_told_by_all(tmp_path):
    codes, told = job(tmp_path, "--nan")
    assert codes == [0, 0], told
    assert told == [{"step": NAN_STEP, "domain": "cartoon"}] * 2
