"""What is made of this checkout to be installed, in an empty folder."""

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

SCRIPT = Path("tests/train_on_what_ships.py").read_text("utf-8")


def made(folder, project):
    """Installs the wheel of a project, by itself."""
    pip = [sys.executable, "-m", "pip", "-q"]
    subprocess.run([*pip, "wheel", "--no-deps", "-w", folder / "wheels", project], check=True)
    (wheel,) = (folder / "wheels").glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", "-t", folder / "site", wheel], check=True)
    wheel.unlink()


@pytest.mark.slow
def test_wheels_train_on_what_ships_or_say_what_to_bring(tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    environment = {**os.environ, "DG_KERAS_HOME": str(tmp_path / "none")}
    environment["PYTHONPATH"] = str(tmp_path / "site")

    def run():
        command = [sys.executable, "-c", SCRIPT]
        return subprocess.run(command, cwd=empty, env=environment, capture_output=True, text=True)

    def compare(*arguments):
        command = [sys.executable, "-m", "dg_keras", "run", "smoke", *arguments]
        return subprocess.run(command, cwd=empty, env=environment, capture_output=True, text=True)

    made(tmp_path, Path.cwd())
    assert (tmp_path / "site" / "dg_keras" / "py.typed").is_file()  # else its types are nobody's
    done = compare()
    assert done.returncode == 2
    assert done.stderr == (
        "python -m dg_keras run: `config` must be a YAML file, or the name of one of the configs "
        "that ship, which come with the package dg_keras_data. Received: 'smoke'\n"
    )
    done = run()
    assert done.returncode == 1
    assert "dg_keras_data" in done.stderr.splitlines()[-1]
    made(tmp_path, Path("data").resolve())
    done = run()
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(tmp_path / "site" / "dg_keras" / "__init__.py")
    runs = ["--set", "targets=[photo]", "--set", "methods=[Deep-All]", "--set", "trials=2"]
    done = compare(*runs, "--workers", "2")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""  # none of TensorFlow's notices, of the two processes either
    assert len(list(empty.glob("results/smoke/runs/*.json"))) == 2
    assert "Accuracy on the held-out domain" in done.stdout


def listed(folder):
    paths = (path.relative_to(folder) for path in folder.rglob("*"))
    return {path for path in paths if "__pycache__" not in path.parts}


@pytest.mark.slow
def test_the_source_distribution_is_the_checkout(tmp_path):
    build = [sys.executable, "-m", "build", "--sdist", "-o", tmp_path]
    subprocess.run(build, check=True, capture_output=True)
    (archive,) = tmp_path.glob("*.tar.gz")
    assert archive.stat().st_size < 100e6  # what PyPI takes
    with tarfile.open(archive) as unpacked:
        unpacked.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.glob("dg_keras-*/")
    for name in ("configs", "data", "docs", "performance", "tests", "weights"):
        files = {
            path.relative_to(name)
            for path in Path(name).rglob("*")
            # What git ignores stays here.
            if "__pycache__" not in str(path) and not path.match("weights/alexnet*")
        }
        assert files == {path.relative_to(folder / name) for path in (folder / name).rglob("*")}
    tests = ["tests/test_requirements.py", "tests/common/test_find_config.py"]
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", *tests]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
