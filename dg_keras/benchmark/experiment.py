"""An experiment from its config to its report."""

import concurrent.futures
import difflib
import multiprocessing
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import rich.console
import tensorflow as tf

from dg_keras.benchmark import report
from dg_keras.benchmark.config import Config
from dg_keras.benchmark.estimate import estimate
from dg_keras.benchmark.progress import Progress
from dg_keras.benchmark.records import Records, Run, grid
from dg_keras.benchmark.runner import Runner, load_images


class Experiment:
    """All runs of a config: what is missing is run, and everything is reported.

    Args:
        config: The experiment.
        results: The folder of all results; this experiment's are in `<results>/<name>`.
        data_root: Where the images are, instead of where the config says.
        workers: How many processes train at once.

    Raises:
        ValueError: If the data, a target or a record does not fit the config.
        FileNotFoundError: If the images are missing.
    """

    def __init__(
        self,
        config: Config,
        results: str | Path = "results",
        data_root: str | None = None,
        workers: int = 1,
    ) -> None:
        if workers < 1:
            raise ValueError(f"`workers` must be at least 1. Received: workers={workers}")
        self.config = config
        self.folder = Path(results) / config.name
        self.data_root = data_root
        self.workers = workers
        self.records = Records(self.folder / "runs", config)
        images = load_images(config, data_root)
        self.runs = grid(config, _targets(config, images.domains))
        self._done = {run: self.records.read(run) for run in self.runs}

    def run(self) -> None:
        """Runs what is missing, shows a table after every trial, and writes the report."""
        missing = [run for run in self.runs if self._done[run] is None]
        with Progress(len(self.runs), done=len(self.runs) - len(missing)) as progress:
            for run, record in self._carry_out(missing, progress):
                self._done[run] = record
                progress.finished(
                    run, record["result"]["accuracy"], sum(record["seconds"].values())
                )
                if self._is_complete(run.trial) and run.trial < self.config.trials:
                    self._show(progress.console)
        self.report()

    def report(self) -> None:
        """Writes the report of what has been run so far, and shows its table."""
        finished = self._finished()
        if not finished:
            raise ValueError(f"There are no records of runs in {self.records.folder} to report")
        console = rich.console.Console(highlight=False, soft_wrap=True)
        if len(finished) < len(self.runs):
            console.print(f"{len(finished)} of {len(self.runs)} runs are done.")
        folder = self.folder / "report"
        report.write(folder, self.config, finished)
        self._show(console)
        console.print(f"The report is in {folder}: {', '.join(sorted(os.listdir(folder)))}")

    def dry_run(self) -> None:
        """Shows the grid, what is done of it, and what the rest would take."""
        console = rich.console.Console(highlight=False, soft_wrap=True)
        for run in self.runs:
            state = "to run" if self._done[run] is None else "done"
            console.print(f"{run.key}: {state}", markup=False)
        missing = [run for run in self.runs if self._done[run] is None]
        console.print(f"{len(self.runs)} runs, {len(missing)} of them to run.")
        if missing:
            console.print(estimate(self.config, missing, self.workers, self.data_root))

    def _carry_out(
        self, runs: list[Run], progress: Progress
    ) -> Iterator[tuple[Run, dict[str, Any]]]:
        """Runs, records each as it ends, and yields it."""
        if not runs:
            return
        if self.workers == 1:
            runner = Runner(self.config, self.data_root)
            for run in runs:
                progress.started(run)
                record = runner.run(run)
                self.records.write(run, record)
                yield run, record
            return
        # Fresh processes, since TensorFlow does not survive a fork.
        with concurrent.futures.ProcessPoolExecutor(
            self.workers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_start_worker,
            initargs=(self.config, self.records, self.data_root, self.workers),
        ) as pool:
            pending = {pool.submit(_work, run): run for run in runs}
            try:
                for future in concurrent.futures.as_completed(pending):
                    yield pending[future], future.result()
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def _finished(self) -> list[tuple[Run, dict[str, Any]]]:
        return [(run, record) for run, record in self._done.items() if record is not None]

    def _is_complete(self, trial: int) -> bool:
        return all(self._done[run] is not None for run in self.runs if run.trial == trial)

    def _show(self, console: rich.console.Console) -> None:
        summary = report.summarize(report.results(self._finished()), self.config.baseline)
        console.print(report.markdown(self.config, summary, measures=["accuracy"]), markup=False)


_worker: tuple[Runner, Records]


def _start_worker(config: Config, records: Records, data_root: str | None, workers: int) -> None:
    """Prepares a process that carries out runs, with its share of the cores."""
    tf.config.threading.set_intra_op_parallelism_threads(max(1, (os.cpu_count() or 1) // workers))
    global _worker
    _worker = Runner(config, data_root), records


def _work(run: Run) -> dict[str, Any]:
    runner, records = _worker
    record = runner.run(run)
    records.write(run, record)
    return record


def _targets(config: Config, domains: tuple[str, ...]) -> list[str]:
    """The domains to hold out."""
    if config.targets == "all":
        return list(domains)
    for target in config.targets:
        if target not in domains:
            near = difflib.get_close_matches(target, domains, n=1, cutoff=0) or domains
            raise ValueError(
                f"`targets`: {target!r} is no domain of {config.data.name}, which has "
                f"{', '.join(domains)}. Nearest: {near[0]}"
            )
    return list(config.targets)
