"""Carries out runs of an experiment, one after the other."""

import gc
import traceback

from dg_keras.benchmark.config.config import Config
from dg_keras.benchmark.config.run import Run
from dg_keras.benchmark.records.records import Records
from dg_keras.benchmark.records.run_files import RunFiles
from dg_keras.benchmark.running.outcome import Outcome
from dg_keras.benchmark.training.frozen_features import Features
from dg_keras.benchmark.training.known_files import ChangedError
from dg_keras.benchmark.training.load_images import load_images
from dg_keras.benchmark.training.runner import Runner
from dg_keras.benchmark.training.too_large import TOO_LARGE
from dg_keras.benchmark.training.workbench import Workbench
from dg_keras.common.one_line import one_line
from dg_keras.common.told_if_full import NoSpaceError


class UnpreparedError(RuntimeError):
    """What many runs share can't be had: images, what is frozen, a network, a place for records."""


class Hand:
    """What carries out an experiment's runs in one process, the only one or one of several.

    It keeps the runner of a config until another config's is wanted.

    Args:
        records: Where what came of a run is written.
        files: Where a run's state is kept, and the trace of its error.
        data_root: Where the images are, instead of where the configs say.
        features: What keeps that of the frozen.
        keep_traced: How many models are kept in memory; see `models_kept`.
    """

    def __init__(
        self,
        records: Records,
        files: RunFiles,
        data_root: str | None,
        features: Features,
        keep_traced: int | None = None,
    ) -> None:
        self.records = records
        self.files = files
        self._data_root = data_root
        self.features = features
        self._keep_traced = keep_traced
        self._latest: Runner | None = None

    def prepare(self, run: Run) -> bool:
        """Computes what is frozen, for all processes to read, and keeps no network in memory.

        Returns:
            Whether there was room for it; where there was none, each run that wants it will tell.

        Raises:
            NoSpaceError: If there is no space left.
            UnpreparedError: If it can't be computed.
        """
        is_there = isinstance(self._runner_of(run), Runner)
        self._latest = None
        gc.collect()  # a workbench and its models refer to each other
        return is_there

    def carry_out(self, run: Run) -> Outcome:
        """Carries out a run, from where it was broken off, and writes its record.

        Whatever it fails with is told in the outcome, and the trace is written to its log.

        Raises:
            NoSpaceError: If there is no space left, for this run nor for others.
            UnpreparedError: If what it shares with other runs can't be made.
        """
        runner = self._runner_of(run)
        if isinstance(runner, Outcome):
            return runner
        try:
            record = runner.run(run, self.files.checkpoint(run))
        except NoSpaceError:
            raise
        except ChangedError as error:  # nor would other runs be made of what they should
            raise UnpreparedError(str(error)) from error
        except Exception as error:
            self._latest = None  # nobody knows what state it is in
            return Outcome(run, failure=self._failure(run, error))
        try:
            self.records.write(run, record)
        except NoSpaceError:
            raise
        except OSError as error:  # other runs' could not be written, either
            raise UnpreparedError(f"A record could not be written ({error})") from error
        self.files.remove(run)
        return Outcome(run, record)

    def found(self, run: Run) -> Outcome | None:
        """What came of a run whose process died once its record was written; None if it was not."""
        record = self.records.read(run)
        if record is None:
            return None
        self.files.remove(run)
        return Outcome(run, record)

    def told(self, run: Run, failure: str, trace: str = "") -> str:
        """What a run failed with, once it stands in the run's log.

        Args:
            run: The run.
            failure: What it failed with, in one sentence.
            trace: Where in the program that was, if it is known.

        Returns:
            The sentence, and where more is told.

        Raises:
            NoSpaceError: If there is no space left.
        """
        try:
            self.files.write_log(run, trace or f"{failure}\n")
        except NoSpaceError:
            raise
        except OSError as unwritten:
            return f"{failure} (and no log could be written: {unwritten})"
        return f"{failure} (more in {self.files.log(run)})" if trace else failure

    def _failure(self, run: Run, error: Exception) -> str:
        # TensorFlow's have the whole graph behind their first lines.
        failure = one_line(f"{type(error).__name__}: {error}", 300)
        return self.told(run, failure, traceback.format_exc())

    def _runner_of(self, run: Run) -> Runner | Outcome:
        """What makes the run, or what came of it where that is too large."""
        try:
            return self._runner(run.config)
        except NoSpaceError:
            raise
        except TOO_LARGE as error:  # another config's may not be
            self._latest = None
            return Outcome(run, failure=self._failure(run, error))
        except Exception as error:
            raise UnpreparedError(self._failure(run, error)) from error

    def _runner(self, config: Config) -> Runner:
        if self._latest is None or self._latest.bench.config != config:
            self._latest = None
            gc.collect()  # models and their traced steps refer to each other; now that is free
            images = load_images(config, self._data_root)
            runner = Runner(Workbench(config, images, self.features, self._keep_traced))
            self.records.check_origin(runner.origin)
            self._latest = runner
        return self._latest
