"""Runs that are acted, for tests of who carries them out."""

import ctypes
import os
import signal
import time

from dg_keras.benchmark.records.records import Records
from dg_keras.benchmark.records.run_files import RunFiles
from dg_keras.benchmark.running.hand import Hand
from dg_keras.benchmark.running.outcome import Outcome
from tests.benchmark.made_records import record


class Acted(Hand):
    """Trains nothing: what it does instead is told by the method's name.

    Args:
        folder: Of the experiment, with `pids`, a line per run that is begun.
    """

    def __init__(self, folder):
        super().__init__(Records(folder / "runs", None), RunFiles(folder), None, None)
        self.pids = folder / "pids"

    def prepare(self, run):
        """Nothing is frozen."""

    def carry_out(self, run):
        with self.pids.open("a") as pids:
            pids.write(f"{os.getpid()}\n")
        if run.method.name == "Dies":
            os.kill(os.getpid(), signal.SIGKILL)
        if run.method.name == "Crashes":
            ctypes.string_at(0)
        if run.method.name == "Fails":
            return Outcome(run, failure="It failed")
        if run.method.name == "Sleeps":
            time.sleep(600)
        seed = run.config.run_seed(run.target, run.trial)
        made_with = run.config.of_run(run.method, run.target)
        names = (run.method.name, run.target, run.trial)
        outcome = Outcome(run, record(*names, 0.5, seed=seed, config=made_with))
        if run.method.name == "Dies when done":
            self.records.write(run, outcome.record)
            os.kill(os.getpid(), signal.SIGKILL)
        return outcome
