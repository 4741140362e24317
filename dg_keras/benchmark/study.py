"""One experiment after the other, as one command."""

import contextlib
import functools
from collections.abc import Iterator
from pathlib import Path

from dg_keras.benchmark.check_can_write import check_can_write
from dg_keras.benchmark.check_data_root import check_data_root
from dg_keras.benchmark.check_keep_traced import check_keep_traced
from dg_keras.benchmark.check_results_path import check_results_path
from dg_keras.benchmark.check_workers import check_workers
from dg_keras.benchmark.config.plan import Plan
from dg_keras.benchmark.estimate.step_times import StepTimes
from dg_keras.benchmark.experiment import Experiment
from dg_keras.benchmark.report.rehearse_report import rehearse_report
from dg_keras.benchmark.report.trackers import TrackingError, check_tracker, track
from dg_keras.benchmark.report.write_joint_report import write_joint_report
from dg_keras.benchmark.running.failed_runs_error import FailedRunsError
from dg_keras.benchmark.running.ray_address import check_ray
from dg_keras.benchmark.running.shard import Shard
from dg_keras.common.told_if_full import NoSpaceError


class Study:
    """The experiments of a plan, run one after the other and reported together.

    Args:
        plan: From `read`.
        results: The folder of all results; an experiment's are in `<results>/<its name>`.
        data_root: Where the images are, instead of where the configs say: a data set's folder, or
            one that holds the data sets.
        workers: How many processes train at once, at most four per core; if not given as many as
            the `resources` of each config leave room for.
        keep_traced: How many methods' models each keeps in memory; with more, a method's step is
            traced less often.
        shard: The share of the runs that this process begins with, `K/N`, where others run the rest
            into the same folder, on other machines it may be; None to run all alone.
        ray: The Ray cluster that carries out the runs: `auto`, the one of this machine; `local`,
            one that is started here and ends with the runs; or `HOST:PORT`. None to do without.
        track: Where the runs are shown beside the report: "tensorboard", "mlflow", or None.

    Raises:
        ValueError: If the data, a target or a record does not fit a config, or an argument is out
            of its range.
        FileNotFoundError: If images are missing, and nothing else tells what they would be.
    """

    def __init__(
        self,
        plan: Plan,
        results: str | Path = "results",
        data_root: str | None = None,
        workers: int | None = None,
        keep_traced: int | None = None,
        shard: str | None = None,
        ray: str | None = None,
        track: str | None = None,
    ) -> None:
        check_tracker(track)
        check_workers(workers)
        check_keep_traced(keep_traced)
        check_ray(ray, workers, shard)
        share = None if shard is None else Shard.parse(shard)
        check_data_root(data_root)
        for name in (plan.name, *(config.name for config in plan.configs)):
            check_results_path(Path(results) / name)
        self.name = plan.name
        self._tracker = track
        self._data_root = data_root
        self.folder = Path(results) / plan.name
        self.experiments = [
            Experiment(config, results, data_root, workers, keep_traced, share, ray)
            for config in plan.configs
        ]

    def check(self) -> None:
        """Raises what would stop a run only after long work; see `Experiment.check`.

        Tries the report, where anything is to be run.

        Raises:
            ValueError: If the report can't be written, or for what `Experiment.check` raises it.
        """
        self._check_can_write()
        for experiment in self.experiments:
            experiment.check()
        if any(len(e.finished()) < len(e.runs) for e in self.experiments):
            rehearse_report(self.name, [e.reported() for e in self.experiments])

    def run(self) -> None:
        """Runs what is missing, and writes the reports.

        Raises:
            InUseError: If another process is running one of the experiments into the same folder.
            RecordError: If another process has made a record that is damaged, or of other settings.
            NoSpaceError: If there is no space left. What has been run is on the disk.
            UnpreparedError: If what many runs share can't be made.
            TrackingError: If a tracker does not take the runs, which are done and reported.
            OSError: If a report can't be written, when the others are done and reported.
            FailedRunsError: If runs failed, when the others are done and reported.
        """
        unwritten: list[OSError] = []
        for experiment in self.experiments:
            experiment.failed.clear()
        with contextlib.ExitStack() as held:
            for experiment in self.experiments:
                held.enter_context(experiment.held())
            left = self.experiments
            while left:
                for experiment in left:
                    with _told_later(unwritten):
                        experiment.run()
                # While this shard was at the last, another may have died at the first.
                left = [] if unwritten else [e for e in self.experiments if e.is_left()]
        again = self.experiments
        while again:  # other shards may have made the last runs
            again = [e for e in again if self._is_reported_again(e, unwritten)]
        failed = [key for experiment in self.experiments for key in experiment.failed]
        of_runs = FailedRunsError(failed, sum(len(e.runs) for e in self.experiments))
        if any(experiment.finished() for experiment in self.experiments):
            with _told_later(unwritten):
                self._report_together()
            try:
                self._track()
            except TrackingError as error:
                raise TrackingError(f"{error}. {of_runs}" if failed else str(error)) from error
        if unwritten:
            if not failed:
                raise unwritten[0]
            raise OSError(f"{unwritten[0]}. {of_runs}") from unwritten[0]
        if failed:
            raise of_runs

    def report(self) -> None:
        """Writes the reports of what has been run so far.

        Raises:
            ValueError: If nothing has been run, or the reports can't be written.
            TrackingError: If a tracker does not take the runs.
        """
        self._check_can_write()
        for experiment in [e for e in self.experiments if e.finished()] or self.experiments:
            experiment.report()
        self._report_together()
        self._track()

    def dry_run(self) -> None:
        """Shows the runs, what is done of them, and what the rest would take.

        Raises:
            FileNotFoundError: If there is no such folder as `data_root`: noise would stand in for
                images that are meant to be there.
        """
        if self._data_root is not None and not Path(self._data_root).is_dir():
            raise FileNotFoundError(
                f"`data_root` must be a folder. Received: {self._data_root!r}, which is none"
            )
        step_times = StepTimes(functools.partial(print, flush=True))
        for experiment in self.experiments:
            experiment.dry_run(step_times)

    def _is_reported_again(self, experiment: Experiment, unwritten: list[OSError]) -> bool:
        is_reported = False
        with _told_later(unwritten):
            is_reported = experiment.report_again()
        return is_reported

    def _check_can_write(self) -> None:
        for folder in dict.fromkeys([self.folder, *(e.folder for e in self.experiments)]):
            check_can_write(folder)

    def _report_together(self) -> None:
        if len(self.experiments) > 1:
            parts = [part for experiment in self.experiments if (part := experiment.part())]
            write_joint_report(self.folder / "report", self.name, parts)
            print(f"The report on all of them is in {self.folder / 'report'}.")

    def _track(self) -> None:
        if self._tracker is not None:
            for experiment in self.experiments:
                records = experiment.finished_by_key()
                if records:
                    print(track(self._tracker, experiment.config.name, experiment.folder, records))


@contextlib.contextmanager
def _told_later(unwritten: list[OSError]) -> Iterator[None]:
    """Goes on where runs failed, which their experiment knows, or files can't be written."""
    try:
        yield
    except FailedRunsError:
        return
    except (NoSpaceError, ConnectionError):  # the others would have none, either
        raise
    except OSError as error:
        unwritten.append(error)
