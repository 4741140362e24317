"""The records of an experiment's runs, on disk."""

import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pydantic
from pydantic_core import from_json

from dg_keras.benchmark.config.config import Config
from dg_keras.benchmark.config.run import Run
from dg_keras.benchmark.records.record import Record
from dg_keras.common.first_difference import first_difference
from dg_keras.common.one_line import one_line
from dg_keras.common.shortened import shortened
from dg_keras.common.told_if_full import told_if_full
from dg_keras.common.uncollected import uncollected
from dg_keras.common.write_whole import write_whole

_REMEDY = "remove it, or give another --results"
_CHECKSUM = "checksum"
_SEAL, _END = f',\n "{_CHECKSUM}": "'.encode(), b'"\n}\n'  # between them is the checksum
_SHOWN = 100  # characters of a text in a record


class RecordError(ValueError):
    """A record is damaged, or of another run than the one that it stands for."""


class Records:
    """The records of an experiment's runs, one JSON file per run with a checksum in it.

    A record of another configuration is an error, never mixed in.

    Args:
        folder: Where they are; made when the first is written.
        split: A digest of the images and their split, which a record depends on too; None where it
            is not known, so that any will do.
        weights: The digest of the file of pretrained weights; None where it is not known, or there
            is none, so that any will do.
    """

    def __init__(self, folder: Path, split: str | None, weights: str | None = None) -> None:
        self.folder = folder
        self._known = {"split": split, "weights": weights}
        # Records that say the same hold the same: there may be 100,000 of them.
        self._configs: dict[tuple[int, str, str], tuple[Config, dict[str, Any]]] = {}
        self._versions: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}

    def read_all(self, runs: Iterable[Run]) -> dict[str, Record | None]:
        """The runs' records by their keys, None for a run that has not been run.

        Raises:
            RecordError: As `read` does.
        """
        with uncollected():
            return {run.key: self.read(run) for run in runs}

    def read(self, run: Run) -> Record | None:
        """The run's record, or None if it has not been run.

        Raises:
            RecordError: If the record is damaged, made by another version, or of a run that was
                configured otherwise.
        """
        path = self._path(run)
        if not path.exists():
            return None
        record = _parse(path)
        known = {name: digest for name, digest in self._known.items() if digest is not None}
        made_with = {**record.config, **record.model_dump(include=set(known))}
        expected = {**self._config(run), **known}
        if made_with != expected:
            differs = first_difference(made_with, expected)
            raise RecordError(
                f"{path} was made with another configuration ({differs}). "
                "Give this one another `name`, or --results another folder"
            )
        seed = run.config.run_seed(run.target, run.trial)
        told = (record.method, record.target, record.trial, record.seed)
        if told != (run.method.name, run.target, run.trial, seed):
            raise RecordError(
                f"{path} must be the record of {run.method.name} on {run.target}, trial "
                f"{run.trial}, seed {seed}. Received: that of {one_line(record.method, _SHOWN)} on "
                f"{one_line(record.target, _SHOWN)}, trial {record.trial}, seed {record.seed}; "
                f"{_REMEDY}"
            )
        versions = self._versions.setdefault(tuple(record.versions.items()), record.versions)
        return record.model_copy(update={"config": self._config(run), "versions": versions})

    def look_anew(self) -> None:
        """Makes sure that records are seen which another machine has written just now.

        A disk over a network may remember for a minute that a file was not there, until something
        in its folder is changed from here.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        change = self.folder / f".{uuid.uuid4()}.partial"
        with told_if_full(change, 0):
            change.touch()
        change.unlink(missing_ok=True)

    def _config(self, run: Run) -> dict[str, Any]:
        """What the run depends on beside target and trial."""
        key = (id(run.config), run.method.name, run.target)
        if key not in self._configs:
            # With the config itself, whose id is no other's as long as it is kept.
            self._configs[key] = (run.config, run.config.of_run(run.method, run.target))
        return self._configs[key][1]

    def check_origin(self, origin: Mapping[str, Any]) -> None:
        """Raises ValueError if records would be of other images, or other weights, than are known.

        Args:
            origin: Of `split` and `weights`, their digests.
        """
        for name, digest in self._known.items():
            if digest is not None and origin[name] != digest:
                what = {"split": "images and their split", "weights": "file of weights"}[name]
                raise ValueError(
                    f"The {what} must be those that the command began with, of digest "
                    f"{digest[:12]}. Received: {str(origin[name])[:12]}"
                )

    def keys(self, runs: Sequence[Run]) -> set[str]:
        """The keys of the runs of which there are records, which are not read."""
        return {path.stem for path in self.folder.glob("*.json")} & {run.key for run in runs}

    def write(self, run: Run, record: Record) -> None:
        """Writes a run's record; at no moment is there half of one."""
        write_whole(self._path(run), sealed(record.model_dump_json(indent=1)))

    def _path(self, run: Run) -> Path:
        return self.folder / f"{run.key}.json"


def _parse(path: Path) -> Record:
    """The record in a file.

    Raises:
        RecordError: With one sentence, if there is none.
    """
    content = path.read_bytes()
    try:
        parsed = from_json(content)  # a quarter of the time that `json` takes
    except ValueError as error:  # no JSON, or no UTF-8
        raise RecordError(f"{path} is damaged ({error}); {_REMEDY}") from error
    version = parsed.get("schema_version") if isinstance(parsed, dict) else None
    known = Record.model_fields["schema_version"].default
    if version != known:
        raise RecordError(
            f"{path} must be a record of schema_version {known}. Received: {shortened(version)}, "
            f"so it was made by another version of dg_keras; {_REMEDY}"
        )
    if not _is_sealed(content):
        raise RecordError(
            f"{path} is damaged, or was changed by hand (its `{_CHECKSUM}` is not that of its "
            f"content); {_REMEDY}"
        )
    del parsed[_CHECKSUM]
    try:
        return Record.model_validate(parsed)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        place = f"`{one_line('.'.join(map(str, first['loc'])), _SHOWN)}`: " if first["loc"] else ""
        what = one_line(first["msg"].removeprefix("Value error, "))
        raise RecordError(f"{path} is damaged ({place}{what}); {_REMEDY}") from error


def sealed(text: str) -> bytes:
    """A record's file: its JSON object, whose last member is the SHA-256 of all before it."""
    before = text.rstrip().removesuffix("}").rstrip().encode()
    return before + _SEAL + _checksum(before) + _END


def _is_sealed(content: bytes) -> bool:
    before, _, end = content.rpartition(_SEAL)
    return end == _checksum(before) + _END


def _checksum(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()
