"""`python -m dg_keras`, before it runs anything."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

USAGE = """\
usage: python -m dg_keras run [CONFIG] ...
       python -m dg_keras config NAME > MINE.yaml
`python -m dg_keras run --help` tells more
"""


def command(*arguments, options=()):
    """What a command comes to."""
    run = [sys.executable, *options, "-m", "dg_keras", *arguments]
    return subprocess.run(run, capture_output=True, text=True)


@pytest.mark.parametrize("asked", ["-h", "--help"])
def test_help_is_no_fault(asked):
    done = command(asked)
    assert (done.returncode, done.stdout, done.stderr) == (0, USAGE, "")


@pytest.mark.parametrize("given", [(), ("train",), ("config",), ("config", "--help")])
def test_anything_else_is(given):
    done = command(*given)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", USAGE)


def test_a_config_that_ships_is_shown_without_tensorflow():
    done = command("config", "smoke", options=["-X", "importtime"])
    assert (done.returncode, done.stdout) == (0, Path("configs/smoke.yaml").read_text("utf-8"))
    assert "tensorflow" not in done.stderr


def test_a_config_that_does_not_ship_is_told():
    done = command("config", "smok")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("python -m dg_keras config: `config` must be a YAML file, or")
    assert done.stderr.endswith("Received: 'smok'\n")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"name: \xff", "must be UTF-8. Received: the byte 0xff in line 1"),
        (None, "does not exist. Beside it: no config"),
    ],
)
def test_a_file_that_is_no_config_is_told(tmp_path, content, told):
    path = tmp_path / "mine.yaml"
    if content is not None:
        path.write_bytes(content)
    done = command("config", str(path))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"python -m dg_keras config: The config {path} {told}\n"


def test_what_is_mistyped_is_told_before_tensorflow_is_imported():
    done = command("run", "styleshift", "--wrokers", "2", options=["-X", "importtime"])
    assert done.returncode == 2
    *imported, told = done.stderr.splitlines()
    assert told == "python -m dg_keras run: error: unrecognized arguments: --wrokers 2"
    assert any("dg_keras.command" in line for line in imported)
    assert not any("tensorflow" in line or "keras.src" in line for line in imported)


def test_what_is_started_later_does_not_take_itself_for_a_command(monkeypatch, capsys):
    import run_all

    monkeypatch.setattr("sys.argv", ["run_all.py", "nosuch.yaml"])
    assert run_all.main() == 2
    assert "DG_KERAS_COMMAND" not in os.environ
