"""An experiment from its config to its report."""

import collections
import contextlib
import functools
import logging
import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import rich.console

from dg_keras import data as datasets
from dg_keras import strategies
from dg_keras.benchmark.check_keep_traced import check_keep_traced
from dg_keras.benchmark.check_workers import check_workers
from dg_keras.benchmark.config.config import Config
from dg_keras.benchmark.config.config_values import FEATURES
from dg_keras.benchmark.config.first_of_each_config import first_of_each_config
from dg_keras.benchmark.config.run import Run
from dg_keras.benchmark.config.runs_of import runs_of
from dg_keras.benchmark.estimate.estimate import estimate
from dg_keras.benchmark.estimate.step_times import StepTimes
from dg_keras.benchmark.records.claims import Claims
from dg_keras.benchmark.records.held_out import held_out
from dg_keras.benchmark.records.inventory import Inventory
from dg_keras.benchmark.records.record import Record
from dg_keras.benchmark.records.records import Records
from dg_keras.benchmark.records.run_files import RunFiles
from dg_keras.benchmark.report import tables
from dg_keras.benchmark.report.grid_means import grid_means
from dg_keras.benchmark.report.part_of import part_of
from dg_keras.benchmark.report.report_part import ReportPart
from dg_keras.benchmark.report.search_part import SearchPart
from dg_keras.benchmark.report.summary import Summary
from dg_keras.benchmark.report.write_report import write_report
from dg_keras.benchmark.running.carried_out import carried_out
from dg_keras.benchmark.running.failed_runs_error import FailedRunsError
from dg_keras.benchmark.running.hand import Hand
from dg_keras.benchmark.running.occupied import occupied
from dg_keras.benchmark.running.outcome import Outcome
from dg_keras.benchmark.running.progress import Progress
from dg_keras.benchmark.running.ray_address import check_ray
from dg_keras.benchmark.running.shard import Shard
from dg_keras.benchmark.running.waiting import Waiting
from dg_keras.benchmark.training.build_trained import build_trained
from dg_keras.benchmark.training.check_samples import check_samples
from dg_keras.benchmark.training.frozen_features import KeptFeatures
from dg_keras.benchmark.training.load_images import load_images
from dg_keras.benchmark.training.versions import others, software
from dg_keras.benchmark.training.weights_digest import weights_digest
from dg_keras.common.sole_user import InUseError, sole_user
from dg_keras.common.told_if_full import told_if_full
from dg_keras.data.tables.unknown_classes import unknown_classes

_LOGGER = logging.getLogger(__name__)
_SHOWN = 32  # runs of a dry run


class Experiment:
    """All runs of a config: what is missing is run, and everything is reported.

    Args:
        config: The experiment.
        results: The folder of all results; this experiment's are in `<results>/<name>`.
        data_root: Where the images are, instead of where the config says.
        workers: How many processes train at once; if not given as many as the config's `resources`
            leave room for.
        keep_traced: How many methods' models are kept in memory, so that their steps are not traced
            anew in the next trial.
        shard: The share of the runs that is begun with, where other processes, on other machines it
            may be, run the others into the same folder; None to run all alone.
        ray: The Ray cluster that carries out the runs, `auto`, `local` or `HOST:PORT`; None to do
            it here.

    What has been run can be reported, and a known data set planned, without the images.

    Attributes:
        failed: The names of the runs that failed here.

    Raises:
        ValueError: If the data, a target or a record does not fit the config.
        FileNotFoundError: If the images are missing, and nothing else tells what they would be.
    """

    def __init__(
        self,
        config: Config,
        results: str | Path = "results",
        data_root: str | None = None,
        workers: int | None = None,
        keep_traced: int | None = None,
        shard: Shard | None = None,
        ray: str | None = None,
    ) -> None:
        check_workers(workers)
        check_keep_traced(keep_traced)
        check_ray(ray, workers, shard)
        self.config = config
        self.folder = Path(results) / config.name
        self._features = KeptFeatures(Path(results) / FEATURES)
        self.data_root = data_root
        self.workers = config.resources.workers if workers is None else workers
        self._keep_traced = keep_traced
        self._shard = shard
        self._ray = ray
        self._claims = Claims(self.folder / "claims")
        self._images: datasets.LeaveOneOut | None = None
        self._absent: FileNotFoundError | None = None
        inventory: Inventory | None
        try:
            self._images = load_images(config, data_root)
            inventory = Inventory.of_images(self._images)
        except FileNotFoundError as error:
            self._absent = error
            split = self.folder / "split.csv"
            inventory = (
                Inventory.of_file(split) if split.exists() else Inventory.of_known(config.data.name)
            )
            if inventory is None:
                raise
        self.inventory: Inventory = inventory
        self.runs = runs_of(config, held_out(config, inventory))
        self.records = Records(self.folder / "runs", inventory.digest, weights_digest(config))
        self._done = self.records.read_all(self.runs)
        self.failed: list[str] = []
        self._part: ReportPart | SearchPart | None = None

    def check(self) -> None:
        """Builds each network that is to be trained once: what can't be is told before the work.

        Raises:
            ValueError: If a network can't be built, a strategy takes fewer domains, no class has as
                many images as are compared along training, or too few domains have gradients to.
            FileNotFoundError: If the images are missing.
            ConnectionError: If there is no Ray cluster.
            InUseError: If another process is running this experiment into the same folder.
        """
        if not self._missing():
            return
        if self.folder.is_dir():  # else nobody has it
            with self.held():
                pass
        if self._absent is not None:
            raise self._absent
        for method in self.config.methods:
            strategies.get(method.strategy).check_number(len(self.inventory.domains) - 1)
        if len(self.inventory.domains) == 2:
            _LOGGER.warning(
                "Of two domains one is left to train on: there is nothing to agree or to conflict "
                "with, and a strategy returns its gradient, rescaled at most."
            )
        if self.inventory.table is not None:
            for target in dict.fromkeys(run.target for run in self.runs):
                if (unknown := unknown_classes(self.inventory.table, target)) is not None:
                    _LOGGER.warning("%s", unknown)
        if self.config.along_training.gradients:
            if len(self.inventory.domains) < 3:
                raise ValueError(
                    "`along_training.gradients` needs at least three domains, since those of two "
                    f"that are trained on are compared. Received: {len(self.inventory.domains)}"
                )
            for target in dict.fromkeys(run.target for run in self._missing()):
                check_samples(self.config.along_training.samples, self.inventory.table, target)
        if self._ray is not None:
            from dg_keras.benchmark.running import by_ray  # where Ray is

            with by_ray.connected(self._ray, self.config.resources):
                pass
        for run in first_of_each_config(self._missing()):
            build_trained(run.config, len(self.inventory.classes), seed=run.config.seed)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keeps other processes from running this experiment into the same folder.

        A shard is kept from it by one that runs all alone, and keeps such a one from it.

        Raises:
            InUseError: If one is doing so; the sentence says which.
            NoSpaceError: If there is no space left.
        """
        with occupied(self.folder, self._claims, alone=self._shard is None):
            yield

    def run(self) -> None:
        """Runs what is missing, shows a table after every trial, and writes the report.

        A run that fails costs no other. It is tried again when the command is given again.

        Raises:
            InUseError: If another process is running this experiment into the same folder.
            RecordError: If another process has made a record that is damaged, or of other settings.
            NoSpaceError: If there is no space left. What has been run is on the disk.
            UnpreparedError: If what many runs share can't be made.
            FailedRunsError: If runs failed, when the others are done and reported.
        """
        with self.held():
            self._run_missing()
        if self.finished():
            self.report()
        if self.failed:
            raise FailedRunsError(self.failed, len(self.runs))

    def _run_missing(self) -> None:
        """Runs what is missing, but for what has failed."""
        self.look_again()
        missing = self._untried()
        files = RunFiles(self.folder)
        self._clear(files)
        if not missing:
            return
        self._tell_other_software()
        # From which a report is made where the images are not.
        datasets.write_manifest(self.inventory.table, self.folder / "split.csv")
        hand = Hand(self.records, files, self.data_root, self._features, self._keep_traced)
        claims = recorded = None
        if self._shard is not None:  # others make runs, too
            claims, recorded = self._claims, functools.partial(self.records.keys, self.runs)
        ordered = missing if self._shard is None else self._shard.own_first(missing)
        waiting = Waiting(ordered, self.records, claims)
        left = collections.Counter(run.trial for run in missing)
        with (
            Progress(len(self.runs), len(self.finished()), recorded) as progress,
            # Its processes end when it is closed, whatever happens here.
            contextlib.closing(self._outcomes(waiting, hand, progress.started)) as outcomes,
        ):
            for outcome in outcomes:
                run = outcome.run
                self._done[run.key] = outcome.record
                if outcome.record is None:
                    self.failed.append(run.key)
                    progress.failed(run, str(outcome.failure))
                    continue
                progress.finished(run, outcome.record)
                left[run.trial] -= 1
                if not left[run.trial] and run.trial < self.config.trials:
                    self._show(progress.say)
        self.look_again()
        self._clear(files)

    def _tell_other_software(self) -> None:
        now = software(self.config.imports)
        made_with = others((record.versions for record in self.finished()), now)
        if made_with:
            named = ", ".join(
                f"{name} {before} ({now[name]} now)" for name, before in made_with.items()
            )
            _LOGGER.warning(
                "%s: some runs were made with %s. They stay as they are, and what is compared may "
                "differ by that: --results with another folder makes all anew.",
                self.config.name,
                named,
            )

    def is_left(self) -> bool:
        """Whether a run is left that another shard began, and does not go on with.

        It waits until those that have one have given a sign of life.
        """
        if self._shard is None:
            return False
        self.look_again()
        return Waiting(self._untried(), self.records, self._claims).is_left()

    def report_again(self) -> bool:
        """Writes the report once more, if another process has made records since; whether it did.

        Raises:
            RecordError: If one is damaged, or of other settings.
        """
        self.look_again()
        before = self._part
        if self.part() is before:
            return False
        self.report()
        return True

    def look_again(self) -> None:
        """Reads the records that another process may have made meanwhile.

        Raises:
            RecordError: If one is damaged, or of other settings.
        """
        if self._shard is not None:
            self.records.look_anew()
        self._done |= self.records.read_all(self._missing())
        # What failed here, another shard may have made.
        self.failed = [key for key in self.failed if self._done[key] is None]

    def _outcomes(
        self, waiting: Waiting, hand: Hand, started: Callable[[Run], None]
    ) -> Generator[Outcome, None, None]:
        """Carries out the runs here or on the cluster, and yields what comes of each."""
        if self._ray is None:
            return carried_out(waiting, hand, self.workers, started)
        from dg_keras.benchmark.running import by_ray

        return by_ray.carried_out_by_ray(waiting, hand, self._ray, started)

    def _clear(self, files: RunFiles) -> None:
        """Removes what was left behind, and nothing that another shard may be at."""
        done = (run for run in self.runs if self._done[run.key] is not None)
        if self._shard is None:
            files.clear(done)
            return
        # Where another shard is just doing so, or begins, it is left to that one.
        with (
            contextlib.suppress(InUseError),
            told_if_full(self.folder, 0),
            sole_user(self.folder, "run", "run", wait=False),
        ):
            files.clear_beside_others(done, self._claims)

    def part(self) -> ReportPart | SearchPart | None:
        """What a report shows of what has been run so far; None where nothing has been."""
        finished = self.finished()
        if self._part is None or len(self._part.records) != len(finished):
            planned = len(self.runs)
            self._part = part_of(self.config, finished, planned) if finished else None
        return self._part

    def report(self) -> None:
        """Writes the report of what has been run so far, and shows its table."""
        part = self.part()
        if part is None:
            raise ValueError(f"There are no records of runs in {self.records.folder} to report")
        console = rich.console.Console(highlight=False, soft_wrap=True)
        folder = self.folder / "report"
        write_report(folder, part)
        self._show(console.print, part)
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
            console.print("Measuring a few steps of each way of training ...")
            told = estimate(
                self.config,
                missing,
                1 if self._ray is not None else self.workers,
                self.inventory,
                self._images,
                StepTimes(print) if step_times is None else step_times,
                self._keep_traced,
            )
            console.print(told, markup=False)

    def finished(self) -> list[Record]:
        """The records of the runs that have been done."""
        return list(self.finished_by_key().values())

    def finished_by_key(self) -> dict[str, Record]:
        """The same by the runs' keys."""
        records = ((run.key, self._done[run.key]) for run in self.runs)
        return {key: record for key, record in records if record is not None}

    def reported(self) -> tuple[Config, list[str], tuple[str, ...]]:
        """What a report will be about: the config, the domains held out, and all domains."""
        targets = list(dict.fromkeys(run.target for run in self.runs))
        return self.config, targets, self.inventory.domains

    def _missing(self) -> list[Run]:
        return [run for run in self.runs if self._done[run.key] is None]

    def _untried(self) -> list[Run]:
        """Those that are missing, and have not failed here."""
        return [run for run in self._missing() if run.key not in self.failed]

    def _show(
        self, say: Callable[[Any], None], part: ReportPart | SearchPart | None = None
    ) -> None:
        """Says the table of what has been run; of a report's part, if it was computed."""
        if self.config.grid is not None:
            if isinstance(part, SearchPart):
                means = part.means
            else:
                means = grid_means(self.config, self.finished())
            say(tables.terminal_grid(self.config, means, len(self.runs)))
            return
        if isinstance(part, ReportPart):
            summary = part.summary
        else:
            summary = Summary.of(self.config, self.finished(), len(self.runs))
        say(tables.terminal(self.config, summary))
