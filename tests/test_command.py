"""`python -m dg_keras`, before it runs anything."""

import os
import subprocess
import sys

import pytest

USAGE = "usage: python -m dg_keras run [CONFIG] ...\n`python -m dg_keras run --help` tells more\n"


def command(*arguments, **environment):
    """What a command comes to in a process in which TensorFlow can't be imported."""
    absent = "import sys, runpy; sys.modules['tensorflow'] = None; "
    # As `python -m` does it, but for the module that is missing.
    run = "sys.argv[0] = '-m'; runpy.run_module('dg_keras', run_name='__main__', alter_sys=True)"
    return subprocess.run(
        [sys.executable, "-c", absent + run, *arguments],
        env={**os.environ, "DG_KERAS_COMMAND": "starts", **environment},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("asked", ["-h", "--help"])
def test_help_is_no_fault(asked):
    done = command(asked)
    assert (done.returncode, done.stdout, done.stderr) == (0, USAGE, "")


@pytest.mark.parametrize("given", [(), ("train",)])
def test_anything_else_is(given):
    done = command(*given)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", USAGE)


def test_what_is_mistyped_is_told_without_tensorflow():
    done = command("run", "styleshift", "--wrokers", "2")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "python -m dg_keras run: error: unrecognized arguments: --wrokers 2"
    )


def test_what_is_started_later_does_not_take_itself_for_a_command(monkeypatch, capsys):
    import run_all

    monkeypatch.setattr("sys.argv", ["run_all.py", "nosuch.yaml"])
    assert run_all.main() == 2
    assert "DG_KERAS_COMMAND" not in os.environ
