"""A record as trackers take it."""

import dataclasses
import hashlib
from collections.abc import Iterable
from typing import Any, Self

from dg_keras.benchmark.records.record import Record

Parameter = str | bool | int | float


@dataclasses.dataclass(frozen=True)
class TrackedRun:
    """A run with names and numbers alone.

    Args:
        name: Method, held-out domain and trial.
        parameters: What the run depended on, by name: `training/batch_size`.
        curves: What was recorded at every evaluation, by name: the steps before, and the values.
        measures: What it came to, by name; `diverged_at` is a step.
    """

    name: str
    parameters: dict[str, Parameter]
    curves: dict[str, tuple[list[int], list[float]]]
    measures: dict[str, float]

    @property
    def digest(self) -> str:
        """Tells it from all others."""
        return hashlib.sha256(repr(self).encode()).hexdigest()

    @classmethod
    def of(cls, record: Record) -> Self:
        """The run of a record."""
        own: dict[str, Parameter] = {
            "method": record.method,
            "held_out": record.target,
            "trial": record.trial,
        }
        parameters = {f"run/{key}": value for key, value in {**own, "seed": record.seed}.items()}
        parameters |= _flat(record.config)
        steps = record.history_steps
        curves = {key: (steps, list(values)) for key, values in record.history.items()}
        if record.similarity is not None:
            similarity = record.similarity
            curves["similarity/within"] = similarity.steps, list(similarity.within)
            curves["similarity/between"] = similarity.steps, list(similarity.between)
        if record.conflicts is not None:
            steps = record.conflicts.steps
            shares = record.conflicts.shares
            curves |= {f"conflict/{layer}": (steps, list(of)) for layer, of in shares.items()}
        curves = {f"{key}/all" if _is_folder(key, curves) else key: c for key, c in curves.items()}
        measures = {"seconds": record.seconds.total}
        if record.diverged is not None:
            measures["diverged_at"] = float(record.diverged.step)
        if record.result is not None:
            measures |= record.result.model_dump(exclude_none=True)
        if record.selected_step is not None:
            measures["selected_step"] = float(record.selected_step)
        name = f"{record.method}, {record.target} held out, trial {record.trial}"
        return cls(name, parameters, curves, measures)


def _is_folder(key: str, names: Iterable[str]) -> bool:
    """Whether a name is the beginning of others, which a tracker may keep in a folder of it."""
    return any(name.startswith(f"{key}/") for name in names)


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Parameter]:
    """Nested values by the names that lead to them, without those that are None."""
    found: dict[str, Parameter] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{key}/")
        elif isinstance(value, str | bool | int | float):
            found[f"{prefix}{key}"] = value
        elif value is not None:
            found[f"{prefix}{key}"] = str(value)
    return found
