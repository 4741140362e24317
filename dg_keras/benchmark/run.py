"""One run of an experiment."""

import dataclasses
import re

from dg_keras.benchmark.config import Method


@dataclasses.dataclass(frozen=True)
class Run:
    """One training: a method, the domain held out, and the number of the trial, from 1."""

    method: Method
    target: str
    trial: int

    @property
    def key(self) -> str:
        """The name of the run's record, without its ending."""
        words = (self.method.name, self.target, f"trial{self.trial}")
        return "--".join(re.sub(r"[^\w.]+", "-", word.lower()) for word in words)
