"""What a model counts of its training, and saves."""

import keras
import tensorflow as tf


class Counters:
    """The steps that were taken, the seed of all that is drawn, and what else is counted.

    `optimizer.iterations` stands still on steps that loss scaling skips and counts updates under
    accumulation, so that the steps are counted here. They are no weights: a callback that puts back
    the best weights must not turn back the count.

    Args:
        seed: The seed.
        restarts: Whether the optimizer is to start anew at some step.
        skips: Whether steps may be skipped.

    Attributes:
        variables: Scalars of int64, by name.
    """

    def __init__(self, seed: int, restarts: bool, skips: bool) -> None:
        self.variables = {"step": _counter("step", 0), "seed": _counter("seed", seed)}
        if restarts:
            self.variables["restarted"] = _counter("restarted", 0)
        if skips:
            self.variables["skipped_steps"] = _counter("skipped_steps", 0)

    @property
    def step(self) -> keras.Variable:
        """The number of training steps taken."""
        return self.variables["step"]

    @property
    def seed(self) -> keras.Variable:
        """The seed."""
        return self.variables["seed"]

    @property
    def skipped(self) -> keras.Variable | None:
        """The number of steps that were skipped; None where none may be."""
        return self.variables.get("skipped_steps")

    def count(self, is_taken: tf.Tensor | None) -> None:
        """Counts a step; where it was not taken, as one that is skipped, or not at all.

        Args:
            is_taken: Whether it was, a bool scalar; None where every step is.
        """
        one = 1 if is_taken is None else tf.cast(is_taken, tf.int64)
        if self.skipped is not None:
            self.skipped.assign_add(1 - one)
            one = 1
        self.step.assign_add(one)

    def reset(self, seed: int) -> None:
        """Puts all back to the start, and sets the seed."""
        for variable in self.variables.values():
            variable.assign(0)
        self.seed.assign(seed)


def _counter(name: str, value: int) -> keras.Variable:
    return keras.Variable(
        initializer=keras.initializers.Constant(value),
        shape=(),
        dtype="int64",
        trainable=False,
        aggregation="only_first_replica",
        name=name,
    )
