"""Who uses a folder keeps others from it, and they are told who it is."""

import concurrent.futures
import contextlib
import datetime
import os
import re
import shlex
import socket
import sys
import threading

import pytest

from dg_keras.common.one_line import one_line
from dg_keras.common.sole_user import InUseError, sole_user


@contextlib.contextmanager
def used_elsewhere(folder, use="run"):
    """Another thread, which is as much another user as a process is."""
    taken, done = threading.Event(), threading.Event()

    def hold():
        with sole_user(folder, use, "run", wait=False):
            taken.set()
            done.wait()

    with concurrent.futures.ThreadPoolExecutor() as pool:
        holding = pool.submit(hold)
        assert taken.wait(10)
        try:
            yield
        finally:
            done.set()
            holding.result()


def test_the_second_is_told_who_is_the_first(tmp_path):
    with (
        used_elsewhere(tmp_path),
        pytest.raises(InUseError) as caught,
        sole_user(tmp_path, "run", "run", wait=False),
    ):
        pass
    told = re.fullmatch(
        rf"{re.escape(str(tmp_path))} is being run by process {os.getpid()} on "
        rf"{re.escape(socket.gethostname())} since (.{{19}}) \((.*)\): wait until it ends, or "
        "stop it",
        str(caught.value),
    )
    assert told
    since = datetime.datetime.strptime(told[1], "%Y-%m-%d %H:%M:%S")
    assert abs(datetime.datetime.now() - since) < datetime.timedelta(minutes=5)
    assert told[2] == one_line(shlex.join(sys.orig_argv))


def test_a_command_may_have_bytes_that_are_no_text(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "orig_argv", ["python", "run_all.py", "--results", "bilder_\udce4"])
    with sole_user(tmp_path, "run", "run", wait=False):
        assert "bilder_\\udce4" in (tmp_path / ".run.holder").read_text()


def test_who_is_gone_keeps_nobody_away(tmp_path):
    with used_elsewhere(tmp_path):
        pass
    (tmp_path / ".run.holder").write_text("process 1 on nowhere")  # as if it had been killed
    with sole_user(tmp_path, "run", "run", wait=False):
        assert "nowhere" not in (tmp_path / ".run.holder").read_text()
    assert os.listdir(tmp_path) == [".run.lock"]


def test_who_has_it_may_ask_again_and_keeps_it_to_the_end(tmp_path):
    with sole_user(tmp_path, "run", "run", wait=False):
        with sole_user(tmp_path, "run", "run", wait=False):
            pass
        assert (tmp_path / ".run.holder").exists()
        with concurrent.futures.ThreadPoolExecutor() as pool, pytest.raises(InUseError):
            pool.submit(sole_user(tmp_path, "run", "run", wait=False).__enter__).result()


def test_another_use_is_free(tmp_path):
    with used_elsewhere(tmp_path), sole_user(tmp_path, "report", "written into", wait=False):
        pass
