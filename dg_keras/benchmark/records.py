"""The records of an experiment's runs, on disk."""

import json
from pathlib import Path
from typing import Any

import pydantic

from dg_keras.benchmark.record import Record
from dg_keras.benchmark.run import Run
from dg_keras.benchmark.written_whole import written_whole

_REMEDY = "remove it, or give another --results"


class Records:
    """The records of an experiment's runs, one JSON file per run.

    A record of another configuration is an error, never mixed in.

    Args:
        folder: Where they are; made when the first is written.
        split: A digest of the images and their split, which a record depends on too; None where it
            is not known, so that any will do.
    """

    def __init__(self, folder: Path, split: str | None) -> None:
        self.folder = folder
        self._split = split

    def read(self, run: Run) -> Record | None:
        """The run's record, or None if it has not been run.

        Raises:
            ValueError: If the record is damaged, made by another version, or of a run that was
                configured otherwise.
        """
        path = self._path(run)
        if not path.exists():
            return None
        record = _parse(path)
        made_with: dict[str, Any] = {**record.config, "split": record.split}
        expected = {**run.config.of_run(run.method, run.target), "split": self._split}
        if self._split is None:
            del made_with["split"], expected["split"]
        if made_with != expected:
            raise ValueError(
                f"{path} was made with another configuration ({_difference(made_with, expected)}). "
                "Give this one another `name`, or --results another folder"
            )
        told = (record.method, record.target, record.trial)
        if told != (run.method.name, run.target, run.trial):
            raise ValueError(f"{path} is the record of another run {told}; {_REMEDY}")
        return record

    def write(self, run: Run, record: Record) -> None:
        """Writes a run's record; at no moment is there half of one."""
        content = record.model_dump_json(indent=1).encode()
        with written_whole(self._path(run), len(content)) as path:
            path.write_bytes(content)

    def _path(self, run: Run) -> Path:
        return self.folder / f"{run.key}.json"


def _parse(path: Path) -> Record:
    """The record in a file.

    Raises:
        ValueError: With one sentence, if there is none.
    """
    content = path.read_bytes()
    try:
        parsed = json.loads(content)
    except ValueError as error:  # no JSON, or no UTF-8
        raise ValueError(f"{path} is damaged ({error}); {_REMEDY}") from error
    version = parsed.get("schema_version") if isinstance(parsed, dict) else None
    known = Record.model_fields["schema_version"].default
    if version != known:
        raise ValueError(
            f"{path} must be a record of schema_version {known}. Received: {version!r}, so it was "
            f"made by another version of dg_keras; {_REMEDY}"
        )
    try:
        return Record.model_validate_json(content)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ValueError(f"{path} is damaged (`{place}`: {first['msg']}); {_REMEDY}") from error


def _difference(old: Any, new: Any, key: str = "") -> str:
    """The first key whose value differs, with both."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted({*old, *new}):
            if old.get(name) != new.get(name):
                return _difference(old.get(name), new.get(name), f"{key}.{name}" if key else name)
    return f"{key}: {old!r}, now {new!r}"
