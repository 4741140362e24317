"""Runs as records on disk."""

import dataclasses
import json
import os
import re
from pathlib import Path
from typing import Any

from dg_keras.benchmark.config import Config, Method


@dataclasses.dataclass(frozen=True)
class Run:
    """One training: a method, the domain held out, and the number of the trial."""

    method: Method
    target: str
    trial: int

    @property
    def key(self) -> str:
        """The name of the run's record, without its ending."""
        words = (self.method.name, self.target, f"trial{self.trial}")
        return "--".join(re.sub(r"[^\w.]+", "-", word.lower()) for word in words)


def grid(config: Config, targets: list[str]) -> list[Run]:
    """All runs, the first trial of everything first, so that a first table comes early.

    Raises:
        ValueError: If two runs would have one record.
    """
    runs = [
        Run(method, target, trial)
        for trial in range(1, config.trials + 1)
        for target in targets
        for method in config.trained_methods
    ]
    keys = [run.key for run in runs]
    for key in keys:
        if keys.count(key) > 1:
            raise ValueError(
                "Methods and targets must have names that differ in letters and digits. "
                f"Received: two runs called {key}"
            )
    return runs


class Records:
    """The records of an experiment's runs, a JSON file each.

    Args:
        folder: Where they are; made when the first is written.
        config: The experiment. A record of another configuration is an error, never mixed in.
        split: A digest of the images and their split, which are part of the configuration; None
            where it is not known, so that any will do.
    """

    def __init__(self, folder: Path, config: Config, split: str | None) -> None:
        self.folder = folder
        self._config = config
        self._split = split

    def read(self, run: Run) -> dict[str, Any] | None:
        """The run's record, or None if it has not been run.

        Raises:
            ValueError: If the record is damaged, or of a run that was configured otherwise.
        """
        path = self._path(run)
        if not path.exists():
            return None
        try:
            record = json.loads(path.read_text())
            made_with = record["config"]
        except (json.JSONDecodeError, KeyError) as error:
            raise ValueError(f"{path} is not a record of a run ({error!r}); remove it") from error
        expected = self._made_with(run)
        if self._split is None:
            expected["split"] = made_with.get("split")
        if made_with != expected:
            raise ValueError(
                f"{path} was made with another configuration ({_difference(made_with, expected)}). "
                "Give this one another `name`, or --results another folder"
            )
        return record

    def write(self, run: Run, record: dict[str, Any]) -> None:
        """Writes a run's record; at no moment is there half of one."""
        path = self._path(run)
        path.parent.mkdir(parents=True, exist_ok=True)
        # The process' number keeps two workers from writing one temporary file.
        temporary = path.with_suffix(f".{os.getpid()}.partial")
        with temporary.open("w") as file:
            json.dump({"config": self._made_with(run), **record}, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)

    def _made_with(self, run: Run) -> dict[str, Any]:
        return {**self._config.of_runs(run.method), "split": self._split}

    def _path(self, run: Run) -> Path:
        return self.folder / f"{run.key}.json"


def _difference(old: Any, new: Any, key: str = "") -> str:
    """The first key whose value differs, with both."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted({*old, *new}):
            if old.get(name) != new.get(name):
                return _difference(old.get(name), new.get(name), f"{key}.{name}" if key else name)
    return f"{key}: {old!r}, now {new!r}"
