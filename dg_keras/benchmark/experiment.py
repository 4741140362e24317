"""An experiment from its config to its report."""

import concurrent.futures
import difflib
import gc
import multiprocessing
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import rich.console
import tensorflow as tf

from dg_keras import data as datasets
from dg_keras.benchmark import tables
from dg_keras.benchmark.build_trained import build_trained
from dg_keras.benchmark.check_keep_traced import check_keep_traced
from dg_keras.benchmark.check_workers import check_workers
from dg_keras.benchmark.config import Config
from dg_keras.benchmark.estimate import estimate
from dg_keras.benchmark.grid_means import grid_means
from dg_keras.benchmark.import_modules import import_modules
from dg_keras.benchmark.inventory import Inventory
from dg_keras.benchmark.load_images import load_images
from dg_keras.benchmark.progress import Progress
from dg_keras.benchmark.record import Record
from dg_keras.benchmark.records import Records
from dg_keras.benchmark.rehearse_report import rehearse_report
from dg_keras.benchmark.run import Run
from dg_keras.benchmark.runner import Runner
from dg_keras.benchmark.runs_of import runs_of
from dg_keras.benchmark.step_times import StepTimes
from dg_keras.benchmark.summary import AVERAGE, Summary
from dg_keras.benchmark.write_report import write_report
from dg_keras.common.shortened import shortened
from dg_keras.data.tables.manifest import read_manifest

_SHOWN = 32  # runs of a dry run


class Experiment:
    """All runs of a config: what is missing is run, and everything is reported.

    Args:
        config: The experiment.
        results: The folder of all results; this experiment's are in `<results>/<name>`.
        data_root: Where the images are, instead of where the config says.
        workers: How many processes train at once.
        keep_traced: How many methods' models are kept in memory, so that their steps are not traced
            anew in the next trial.

    What has been run can be reported, and a known data set planned, without the images.

    Raises:
        ValueError: If the data, a target or a record does not fit the config.
        FileNotFoundError: If the images are missing, and nothing else tells what they would be.
    """

    def __init__(
        self,
        config: Config,
        results: str | Path = "results",
        data_root: str | None = None,
        workers: int = 1,
        keep_traced: int = 1,
    ) -> None:
        check_workers(workers)
        check_keep_traced(keep_traced)
        self.config = config
        self.folder = Path(results) / config.name
        self._features = Path(results) / "features"
        self.data_root = data_root
        self.workers = workers
        self._keep_traced = keep_traced
        self._images: datasets.LeaveOneOut | None = None
        self._absent: FileNotFoundError | None = None
        try:
            self._images = load_images(config, data_root)
            inventory = Inventory.of_images(self._images)
        except FileNotFoundError as error:
            self._absent = error
            split = self.folder / "split.csv"
            inventory = (
                Inventory.of_table(read_manifest(split))
                if split.exists()
                else Inventory.of_known(config.data.name)
            )
            if inventory is None:
                raise
        self.inventory = inventory
        self.runs = runs_of(config, _targets(config, inventory))
        self.records = Records(self.folder / "runs", inventory.digest)
        self._done = {run.key: self.records.read(run) for run in self.runs}

    def check(self) -> None:
        """Tries the report, and builds each network once: what can't be is told before the work.

        Raises:
            ValueError: If the report can't be written or a network can't be built.
            FileNotFoundError: If the images are missing.
        """
        if not self._missing():
            return
        if self._absent is not None:
            raise self._absent
        rehearse_report(self.config.name, [self.reported()])
        for config in _different(run.config for run in self._missing()):
            build_trained(config, len(self.inventory.classes), seed=config.seed)

    def run(self) -> None:
        """Runs what is missing, shows a table after every trial, and writes the report."""
        missing = self._missing()
        if missing:
            self.folder.mkdir(parents=True, exist_ok=True)
            datasets.write_manifest(self.inventory.table, self.folder / "split.csv")
        with Progress(len(self.runs), done=len(self.runs) - len(missing)) as progress:
            for run, record in self._carry_out(missing, progress):
                self._done[run.key] = record
                progress.finished(run, record)
                if self._is_complete(run.trial) and run.trial < self.config.trials:
                    self._show(progress.console)
        self.report()

    def report(self) -> None:
        """Writes the report of what has been run so far, and shows its table."""
        finished = self.finished()
        if not finished:
            raise ValueError(f"There are no records of runs in {self.records.folder} to report")
        console = rich.console.Console(highlight=False, soft_wrap=True)
        if len(finished) < len(self.runs):
            console.print(f"{len(finished)} of {len(self.runs)} runs are done.")
        folder = self.folder / "report"
        write_report(folder, self.config, finished)
        self._show(console)
        written = ", ".join(sorted(os.listdir(folder)))
        console.print(f"The report is in {folder}: {written}", markup=False)

    def dry_run(self, step_times: StepTimes | None = None) -> None:
        """Shows the runs, how many are done, and what the rest would take.

        Args:
            step_times: What other experiments' dry runs have measured, and this one adds to.
        """
        console = rich.console.Console(highlight=False, soft_wrap=True)
        missing = self._missing()
        console.print(
            f"{self.config.name}: {len(self.runs)} runs, {len(missing)} of them to run.",
            markup=False,
        )
        for run in missing[:_SHOWN]:
            console.print(f"  {run.key}", markup=False)
        if len(missing) > _SHOWN:
            console.print(f"  and {len(missing) - _SHOWN} more")
        if missing:
            console.print("Measuring a few steps of every kind of method ...")
            times = StepTimes(lambda line: console.print(line, markup=False))
            told = estimate(
                self.config,
                missing,
                self.workers,
                self.inventory,
                self._images,
                times if step_times is None else step_times,
            )
            console.print(told, markup=False)

    def _carry_out(self, runs: list[Run], progress: Progress) -> Iterator[tuple[Run, Record]]:
        """Runs, records each as it ends, and yields it."""
        if not runs:
            return
        runners = _Runners(self.data_root, self._features, self._keep_traced)
        if self.workers == 1:
            for run in runs:
                progress.started(run)
                record = runners.of(run.config).run(run)
                self.records.write(run, record)
                yield run, record
            runners.forget()  # before the next experiment of a study takes its memory
            return
        # Once, for all processes to read.
        for config in _different(run.config for run in runs):
            if config.backbone.train_from is not None:
                runners.of(config)
        runners.forget()
        # Fresh processes, since TensorFlow does not survive a fork.
        with concurrent.futures.ProcessPoolExecutor(
            self.workers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_start_worker,
            initargs=(self.config.imports, self.records, runners, self.workers),
        ) as pool:
            pending = {pool.submit(_work, run): run for run in runs}
            try:
                for future in concurrent.futures.as_completed(pending):
                    progress.started(pending[future])
                    yield pending[future], future.result()
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def finished(self) -> list[Record]:
        """The records of the runs that have been done."""
        records = [self._done[run.key] for run in self.runs]
        return [record for record in records if record is not None]

    def reported(self) -> tuple[Config, list[str], tuple[str, ...]]:
        """What a report will be about: the config, the domains held out, and all domains."""
        targets = list(dict.fromkeys(run.target for run in self.runs))
        return self.config, targets, self.inventory.domains

    def _missing(self) -> list[Run]:
        return [run for run in self.runs if self._done[run.key] is None]

    def _is_complete(self, trial: int) -> bool:
        return all(run.trial != trial for run in self._missing())

    def _show(self, console: rich.console.Console) -> None:
        records = self.finished()
        if self.config.grid is not None:
            console.print(tables.terminal_grid(self.config, grid_means(self.config, records)))
        else:
            console.print(tables.terminal(self.config, Summary.of(self.config, records)))


class _Runners:
    """Makes the runner of a config, and keeps it until another config's is wanted."""

    def __init__(self, data_root: str | None, features: Path, keep_traced: int) -> None:
        self._data_root = data_root
        self._features = features
        self._keep_traced = keep_traced
        self._latest: Runner | None = None

    def forget(self) -> None:
        self._latest = None
        # Models and the functions that were traced for them refer to each other.
        gc.collect()

    def of(self, config: Config) -> Runner:
        if self._latest is None or self._latest.config != config:
            self.forget()  # its memory is free before the next takes its own
            images = load_images(config, self._data_root)
            self._latest = Runner(config, images, self._features, self._keep_traced)
        return self._latest


class _Worker:
    """What a process of its own carries out runs with."""

    records: Records
    runners: _Runners


def _start_worker(
    imports: Sequence[str], records: Records, runners: _Runners, workers: int
) -> None:
    """Prepares a process, with its share of the cores."""
    tf.config.threading.set_intra_op_parallelism_threads(max(1, (os.cpu_count() or 1) // workers))
    import_modules(imports)
    _Worker.records = records
    _Worker.runners = runners


def _work(run: Run) -> Record:
    # Not when the process starts: an error there would lose its message.
    record = _Worker.runners.of(run.config).run(run)
    _Worker.records.write(run, record)
    return record


def _different(configs: Iterable[Config]) -> list[Config]:
    """The configs that differ, each once."""
    found: list[Config] = []
    for config in configs:
        if config not in found:
            found.append(config)
    return found


def _targets(config: Config, inventory: Inventory) -> list[str]:
    """The domains to hold out.

    Raises:
        ValueError: If there is no such domain, or nothing to validate or test on.
    """
    domains = inventory.domains
    targets = list(domains) if config.targets == "all" else list(config.targets)
    if not targets or AVERAGE in targets:
        raise ValueError(
            f"`targets` must be domains, none of them called {AVERAGE!r}. "
            f"Received: {shortened(targets)}"
        )
    settings = [target for method in config.methods for target in method.targets]
    for target in [*targets, *settings]:
        if target not in domains:
            near = difflib.get_close_matches(target, domains, n=1, cutoff=0) or domains
            raise ValueError(
                f"`targets`: {shortened(target)} is no domain of {config.data.name}, which has "
                f"{', '.join(domains)}. Nearest: {near[0]}"
            )
    for target in targets:
        sources = [name for name in domains if name != target]
        if not sum(inventory.size(source, "validation") for source in sources):
            raise ValueError(f"No image is left to validate on where {target} is held out")
        if not inventory.size(target, None if config.data.test == "whole" else "test"):
            raise ValueError(f"No image of {target} is left to test on")
    return targets
