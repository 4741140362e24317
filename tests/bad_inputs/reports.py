"""Reports that could not be written when all runs are done."""

import os
import sys

import pytest

from dg_keras.benchmark.config.runs_of import runs_of
from dg_keras.benchmark.report.rehearse_report import rehearse_report
from tests.bad_inputs.bad_input import BadInput
from tests.benchmark.made_records import config


def domain(wrong, name, shown):
    """A data set with a domain of this name."""
    return BadInput(
        wrong,
        lambda folder: rehearse_report("smoke", [(config(), ["photo"], ["photo", name])]),
        "`data`: domains of styleshift must have names of printable text, since tables and figures "
        f"show them. Received: {shown}",
    )


def failing(wrong, place, experiments, name):
    """Reports of which a part fails, for whatever reason."""

    def fail(*arguments):
        raise KeyError("a name")

    def give(folder):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(f"dg_keras.benchmark.report.{place}", fail)
            made = [config(f"name={n}") for n in experiments]
            rehearse_report("both", [(one, ["photo"], ["photo", "sketch"]) for one in made])

    return BadInput(
        wrong,
        give,
        f"The report of '{name}' must be one that can be written, which was tried on made-up "
        "records. Received: KeyError: 'a name'",
    )


def in_ascii(folder):
    """The runs on a domain, as a process with LC_ALL=C and PYTHONUTF8=0 would call them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsencode", lambda name: name.encode("ascii"))
        patch.setattr(sys, "getfilesystemencoding", lambda: "ascii")
        runs_of(config("methods=[Deep-All]"), ["写真"])


ROWS = [
    BadInput(
        "a domain where the names of files are ASCII",
        in_ascii,
        "`methods` and `targets` must be text in ascii, as the names of files are in this process "
        "(PYTHONUTF8=1 makes it utf-8). Received: 'deep-all--写真--trial1'",
    ),
    domain("a domain of two lines", "two\nlines", "'two\\nlines'"),
    domain("a domain with a control character", "a\x1b[31m", "'a\\x1b[31m'"),
    domain("a domain that is written from right to left", "a\u202eb", "'a\\u202eb'"),
    failing("a figure that can't be drawn", "figures.figures_of", ["one"], "one"),
    failing("a table that can't be made", "tables.latex", ["one"], "one"),
    failing("a page that can't be made", "write_report.page", ["one"], "one"),
    failing("a page of several", "write_joint_report.page", ["one", "two"], "both"),
]
