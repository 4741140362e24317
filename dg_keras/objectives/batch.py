"""A batch as objectives see it."""

from typing import Any, NamedTuple


class Batch(NamedTuple):
    """Samples, their targets and their weights; any of them may be nested, as Keras' inputs may.

    Attributes:
        x: The network's inputs, `[B, ...]`.
        y: Their targets, `[B, ...]`.
        sample_weight: Their weights, `[B]`, or None.
    """

    x: Any
    y: Any
    sample_weight: Any
