"""One run of an experiment."""

import dataclasses
import functools
import re

from dg_keras.benchmark.config.config import Config, Method


@dataclasses.dataclass(frozen=True)
class Run:
    """One training.

    Args:
        config: The experiment, with what its grid's setting changes for all methods.
        method: The method.
        target: The domain held out.
        trial: The number of the trial, from 1.
    """

    config: Config
    method: Method
    target: str
    trial: int

    @functools.cached_property
    def key(self) -> str:
        """The name of the run's record, without its ending."""
        words = (self.method.name, self.target, f"trial{self.trial}")
        return "--".join(re.sub(r"[^\w.]+", "-", word.lower()) for word in words)
