"""What strategies share that draw at random."""

import copy
import dataclasses
import numbers
import random
from typing import Any, Self

import tensorflow as tf

from dg_keras.common.shortened import shortened


@dataclasses.dataclass(frozen=True)
class Seeded:
    """What a strategy draws from: a pure function of its seed, the run's seed, and the step.

    A strategy derives from it before its other base: `class Mine(Seeded, Strategy)`.

    Args:
        seed: Seed of the draws, an integer of 64 bits. With None, `DomainGeneralizer`'s own seed
            alone decides; outside of a model one is drawn when the strategy is made, as Keras'
            layers draw theirs.
    """

    seed: int | None = None

    # Set below; what `init` does not take is no part of the configuration.
    _own_seed: int = dataclasses.field(init=False, repr=False, compare=False)
    _run_seed: Any = dataclasses.field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        seed = self.seed
        is_integer = isinstance(seed, numbers.Integral) and not isinstance(seed, bool)
        if seed is not None and not (is_integer and -(2**63) <= seed < 2**63):
            raise ValueError(
                f"`seed` must be an integer of 64 bits, or None. Received: seed={shortened(seed)}"
            )
        # Of Python's generator, which `keras.utils.set_random_seed` rules.
        drawn = random.randrange(1, 10**9) if seed is None else int(seed)
        object.__setattr__(self, "_own_seed", drawn)
        object.__setattr__(self, "_run_seed", 0)

    def of_run(self, seed: tf.Tensor) -> Self:
        """The strategy as a run with this seed, an int64 scalar below 2^31, uses it."""
        strategy = copy.copy(self)
        object.__setattr__(strategy, "_own_seed", int(self.seed or 0))
        # With 0 the key would be the objectives': 2^31, which is no run's seed, stands in for it.
        run = tf.where(seed == 0, tf.constant(2**31, seed.dtype), seed)
        object.__setattr__(strategy, "_run_seed", tf.bitwise.left_shift(run, 32))
        return strategy

    def key(self, step: int | tf.Tensor) -> tf.Tensor:
        """The seed of a step's draws, int64 `[2]`, for TensorFlow's stateless functions."""
        own, run = tf.constant(self._own_seed, tf.int64), tf.cast(self._run_seed, tf.int64)
        return tf.stack([tf.bitwise.bitwise_xor(own, run), tf.cast(step, tf.int64)])
