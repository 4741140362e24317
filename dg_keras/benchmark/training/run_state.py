"""What a run has come to, and its file, from which it goes on where it was broken off."""

import json
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np

from dg_keras.common.first_difference import first_difference
from dg_keras.common.read_arrays import read_arrays
from dg_keras.common.write_arrays import write_arrays

_LOGGER = logging.getLogger(__name__)
_ORIGIN = "origin"
_FORM = 2  # of the file: one of another form is not gone on from
_APART = 10.0  # seconds of work that may be lost: shorter runs write nothing
_SHARE = 0.05  # of the time, which writing may take


class Part(Protocol):
    """Something that remembers what went before, beside the model."""

    def state(self) -> dict[str, np.ndarray]:
        """What a process needs to go on."""

    def resume(self, state: dict[str, np.ndarray]) -> None:
        """Goes on from the state of another process."""


class RunState(keras.callbacks.Callback):
    """Counts a run's evaluations, keeps its history, and writes all of its state to a file.

    A run that goes on from the file ends bit for bit where it would have ended.

    It must be the last callback, after those that put something into `logs`.

    Args:
        path: The file; None to write none.
        origin: All that the run depends on; a file of another origin is not gone on from.
        every: The number of evaluations after which the file is written; None to write it when
            10 s have passed since training began or the last writing, and twenty times what that
            took.
        parts: By a name of each, what has a state beside the model.
        check: Called before the file is written; raises where what was trained on since the last
            one is not what the run is to be trained on.

    Attributes:
        evaluations: How many there were.
        history: By Keras' name, a value per evaluation.
        seconds: What training up to the file took, before this process.
    """

    def __init__(
        self,
        path: Path | None,
        origin: dict[str, Any],
        every: int | None,
        parts: dict[str, Part],
        check: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__()
        self._path = path
        self._origin = json.dumps({**origin, "form": _FORM}, sort_keys=True)
        self._every = every
        self._parts = parts
        self._check = check
        self._saved: dict[str, np.ndarray] | None = None
        self._written = 0.0  # when the file was, or training began, by `time.perf_counter`
        self._took = 0.0  # how long that took, in seconds
        self.evaluations = 0
        self.history: dict[str, list[float]] = {}
        self.seconds = 0.0
        self._begun = 0.0  # when this process began to train, on the same clock

    def resume(self) -> None:
        """Goes on from the file, if there is one of this run; the model does when it is trained."""
        saved = self._saved = self._read()
        if saved is None:
            return
        for name, part in self._parts.items():
            part.resume(_under(name, saved))
        self.history = {key: of.tolist() for key, of in _under("history", saved).items()}
        self.evaluations = int(saved["evaluations"])
        self.seconds = float(saved["seconds"])

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Puts the model where the file has it: now, since before it knew no domains' names."""
        self._begun = self._written = time.perf_counter()
        if self._saved is None:
            return
        _assign(self.model.net.variables, _under("net", self._saved))
        _assign(self.model.optimizer.variables, _under("optimizer", self._saved))
        self.model.load_own_variables(_under("model", self._saved))
        self._saved = None

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Takes down the evaluation, and writes the file if it is time."""
        self.evaluations = epoch + 1
        for key, value in (logs or {}).items():
            self.history.setdefault(key, []).append(float(value))
        if self._path is not None and self._is_time():
            start = time.perf_counter()
            self._check()
            self._write(self._path)
            self._written = time.perf_counter()
            self._took = self._written - start

    def _is_time(self) -> bool:
        if self._every is not None:
            return self.evaluations % self._every == 0
        return time.perf_counter() - self._written >= max(_APART, self._took / _SHARE)

    def _write(self, path: Path) -> None:
        own: dict[str, np.ndarray] = {}
        self.model.save_own_variables(own)
        saved = {
            _ORIGIN: np.array(self._origin),
            "evaluations": np.array(self.evaluations),
            "seconds": np.array(self.seconds + time.perf_counter() - self._begun),
            **_named("net", _values(self.model.net.variables)),
            **_named("optimizer", _values(self.model.optimizer.variables)),
            **_named("model", own),
            **_named("history", {key: np.array(of) for key, of in self.history.items()}),
        }
        for name, part in self._parts.items():
            saved |= _named(name, part.state())
        write_arrays(path, saved)

    def _read(self) -> dict[str, np.ndarray] | None:
        """What the file holds; None where there is none that this run can go on from."""
        if self._path is None:
            return None
        saved = read_arrays(self._path, "the run starts anew")
        if saved is None or (_ORIGIN in saved and saved[_ORIGIN].item() == self._origin):
            return saved
        try:
            told = first_difference(json.loads(saved[_ORIGIN].item()), json.loads(self._origin))
        except (KeyError, ValueError, TypeError, RecursionError):
            told = "it does not tell how"
        _LOGGER.warning("%s was made otherwise (%s): the run starts anew.", self._path, told)
        return None


def _named(prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {f"{prefix}/{name}": array for name, array in arrays.items()}


def _under(prefix: str, saved: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays whose names begin with this, without it."""
    start = f"{prefix}/"
    return {name.removeprefix(start): of for name, of in saved.items() if name.startswith(start)}


def _values(variables: Sequence[keras.Variable]) -> dict[str, np.ndarray]:
    return {str(i): variable.numpy() for i, variable in enumerate(variables)}


def _assign(variables: Sequence[keras.Variable], values: dict[str, np.ndarray]) -> None:
    for i, variable in enumerate(variables):
        variable.assign(values[str(i)])
