"""What is told of an experiment while it runs."""

import datetime
import errno
import io
import logging
import os
import re
import sys

import pytest

from dg_keras import benchmark
from dg_keras.benchmark.config.config import Method
from dg_keras.benchmark.config.run import Run
from dg_keras.benchmark.running.progress import Progress
from tests.benchmark.made_records import record

(CONFIG,) = benchmark.read("configs/smoke.yaml").configs
RUN = Run(CONFIG, Method(name="[bold]Mine[/bold]"), "photo", 1)


@pytest.fixture
def terminal(monkeypatch):
    """A terminal, as rich sees it."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")


def finished(progress, accuracy=0.5):
    progress.finished(RUN, record(RUN.method.name, "photo", 1, accuracy))


def test_a_finished_run_is_a_line(capsys):
    with Progress(2, done=0) as progress:
        progress.started(RUN)
        finished(progress)
        finished(progress, accuracy=None)
    first, second = capsys.readouterr().out.strip().splitlines()
    name = r"trial 1, photo held out, \[bold\]Mine\[/bold\]"
    line = rf"\[1/2\] {name}: accuracy 50\.00 % in 60\.0 s; 1 left, done at about \d\d:\d\d.*"
    assert re.fullmatch(line, first)
    assert re.fullmatch(rf"\[2/2\] {name}: validation accuracy 50\.00 % in 60\.0 s", second)


class Gone(io.StringIO):
    """A terminal, disk or pipe that fails once."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def write(self, text):
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        return super().write(text)

    def fileno(self):
        return os.open(os.devnull, os.O_WRONLY)


@pytest.mark.parametrize(
    ("error", "comes_again"),
    [
        (OSError(errno.EIO, "no terminal"), False),
        (BrokenPipeError(), False),
        (OSError(errno.ENOSPC, "full"), True),
        (BlockingIOError(errno.EAGAIN, "not now"), True),
    ],
)
def test_runs_go_on_where_nobody_reads_of_them(error, comes_again, monkeypatch):
    stream = Gone(error)
    monkeypatch.setattr(sys, "stdout", stream)
    with Progress(2, done=0) as progress:
        progress.started(RUN)
        finished(progress)
        progress.failed(RUN, "It failed")
    assert ("It failed" in stream.getvalue()) == comes_again


def test_what_is_meant_to_end_the_program_does(monkeypatch):
    with Progress(2, done=0) as progress:
        monkeypatch.setattr(progress.console, "print", lambda *_, **__: sys.exit(3))
        with pytest.raises(SystemExit):
            finished(progress)


def test_what_others_have_made_meanwhile_is_done(capsys, monkeypatch):
    """Of ten runs four were done; then this process makes one while others make two.

    It fails at another, which one of the others makes.
    """
    recorded = {str(number) for number in range(7)}
    monkeypatch.setattr("time.monotonic", lambda: 0.0)
    with Progress(10, 4, recorded=lambda: recorded) as progress:
        monkeypatch.setattr("time.monotonic", lambda: 6 * 3600.0)
        finished(progress)
        progress.failed(RUN, "for a reason")
        recorded.add(RUN.key)
        finished(progress)
    first, second, third = capsys.readouterr().out.strip().splitlines()
    assert first.startswith("[7/10] ")
    told = re.search(r"; 3 left, done at about (\d\d):(\d\d)", first)
    now = datetime.datetime.now()
    hours, minutes = map(int, told.groups())
    assert (60 * (hours - now.hour) + minutes - now.minute) % (24 * 60) in (6 * 60, 6 * 60 - 1)
    assert second.startswith("[8/10] ")
    assert "failed: for a reason; 2 left" in second
    assert third.startswith("[8/10] ")


def test_what_a_logger_writes_stands_above_the_bar(terminal, capsys):
    logger = logging.getLogger("made.before.the.bar")
    handler = logging.StreamHandler(sys.stderr)
    logger.addHandler(handler)
    before = sys.stderr
    with Progress(2, done=0) as progress:
        progress.started(RUN)
        logger.warning("from a logger")
        print("from print", file=sys.stderr)
    logger.removeHandler(handler)
    assert handler.stream is before
    captured = capsys.readouterr()
    assert captured.err == ""
    for text in ("from a logger", "from print"):
        # The bar's line is erased first, and drawn anew below.
        assert re.search(rf"\x1b\[2K{text}", captured.out)
        assert "[bold]Mine[/bold]" in captured.out.split(text)[1]
