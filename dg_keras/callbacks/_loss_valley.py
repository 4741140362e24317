"""From which to which step weights are averaged: between the walls of a valley of the loss."""

import collections
import dataclasses
import math

import numpy as np


@dataclasses.dataclass(frozen=True)
class Segment:
    """The mean of the weights after some steps, one after the other.

    Args:
        weights: The mean of each.
        steps: How many there are.
        first: The number of the first of them, counted from 1.
        last: The number of the last of them.
    """

    weights: list[np.ndarray]
    steps: int
    first: int
    last: int

    def __add__(self, after: "Segment") -> "Segment":
        """The mean of the steps of both."""
        part = after.steps / (self.steps + after.steps)
        weights = [
            (a + part * (b - a)).astype(a.dtype)
            for a, b in zip(self.weights, after.weights, strict=True)
        ]
        return Segment(weights, self.steps + after.steps, self.first, after.last)


class LossValley:
    """Algorithm 1 of Cha et al., "SWAD" (2021), for losses that are seen every so many steps.

    The defaults are the authors'.

    Averaging begins with the steps before the first loss that none of the next ones is below, and
    ends before losses that are all above `threshold`.

    Args:
        converge: N_s, the number of losses of which the first must be the smallest.
        tolerate: N_e, the number of losses that must all be above the threshold.
        tolerance: How much above the mean of the N_s losses from the bottom on the threshold is, as
            a part.

    Attributes:
        threshold: The loss at which the valley ends; None before it begins.
        is_over: Whether it has ended.
    """

    def __init__(self, converge: int = 3, tolerate: int = 6, tolerance: float = 0.3) -> None:
        self._converge = converge
        self._tolerate = tolerate
        self._tolerance = tolerance
        self.threshold: float | None = None
        self.is_over = False
        self._within: Segment | None = None
        # With the losses after them; not known to belong to the valley yet.
        self._latest: collections.deque[tuple[Segment, float]] = collections.deque()

    def add(self, segment: Segment, loss: float) -> None:
        """Takes the steps since the loss before, and the loss after them."""
        if self.is_over:
            return
        self._latest.append((segment, loss if math.isfinite(loss) else math.inf))
        losses = [seen for _, seen in self._latest]
        if self.threshold is None:
            if len(losses) > self._converge:
                self._latest.popleft()
                losses.pop(0)
            # A loss that is not finite is no bottom, and of it the threshold would be none.
            is_full = len(losses) == self._converge and max(losses) < math.inf
            if is_full and losses[0] <= min(losses):
                mean = float(np.mean(losses))
                self.threshold = mean + self._tolerance * abs(mean)
            return
        if len(losses) >= self._tolerate and min(losses[-self._tolerate :]) > self.threshold:
            self.is_over = True
            while len(self._latest) > self._tolerate:
                self._keep()
            self._latest.clear()
        while len(self._latest) > max(self._tolerate, self._converge):
            self._keep()

    @property
    def is_open(self) -> bool:
        """Whether steps behind the latest loss belong to it."""
        ends_finite = not self._latest or self._latest[-1][1] < math.inf
        return self.threshold is not None and not self.is_over and ends_finite

    def average(self) -> Segment | None:
        """The mean over the valley so far; of the latest steps, where it has not begun."""
        latest = list(self._latest)
        while latest and latest[-1][1] == math.inf:  # of weights that may be no numbers any more
            latest.pop()
        segments = [segment for segment, _ in latest]
        if self.threshold is None:
            return segments[-1] if segments else None
        whole = self._within
        for segment in segments:
            whole = segment if whole is None else whole + segment
        return whole

    def state(self) -> dict[str, np.ndarray]:
        """What a process needs to go on, by name."""
        segments = [segment for segment, _ in self._latest]
        held = segments if self._within is None else [self._within, *segments]
        return {
            "losses": np.array([loss for _, loss in self._latest]),
            "threshold": np.array(np.nan if self.threshold is None else self.threshold),
            "is_over": np.array(self.is_over),
            "steps": np.array([[of.steps, of.first, of.last] for of in held], int),
            **{
                f"segments/{number}/{i}": weight
                for number, segment in enumerate(held)
                for i, weight in enumerate(segment.weights)
            },
        }

    def resume(self, state: dict[str, np.ndarray]) -> None:
        """Goes on from the state of another process."""
        threshold, losses = float(state["threshold"]), state["losses"].tolist()
        self.threshold = None if np.isnan(threshold) else threshold
        self.is_over = bool(state["is_over"])
        held = []
        for number, counts in enumerate(state["steps"].tolist()):
            prefix = f"segments/{number}/"
            weights = [state[f"{prefix}{i}"] for i in range(_count(state, prefix))]
            held.append(Segment(weights, *counts))
        self._within = held.pop(0) if len(held) > len(losses) else None
        self._latest = collections.deque(zip(held, losses, strict=True))

    def _keep(self) -> None:
        segment, _ = self._latest.popleft()
        self._within = segment if self._within is None else self._within + segment


def _count(state: dict[str, np.ndarray], prefix: str) -> int:
    return sum(name.startswith(prefix) for name in state)
