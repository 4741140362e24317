"""What the ways of taking a step have in common."""

from typing import Any, Protocol

from dg_keras.objectives import Batch
from dg_keras.step.moment import Moment
from dg_keras.step.taken import Taken


class Way(Protocol):
    """A way of taking gradients, and what merges them: in one pass, for each domain, in turn."""

    merge_can_be_compiled: bool
    """Whether XLA knows all that `merge` does."""
    keeps_finite: bool
    """Whether of finite gradients, `merge` makes a finite one."""

    def gradients(self, batch: Batch, moment: Moment) -> Taken:
        """The domains' losses, predictions and gradients."""

    def merge(self, gradients: Any, moment: Moment) -> list:
        """One gradient of those, as this replica's share of it; None for unused variables."""
