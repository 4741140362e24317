"""Seeds that may be left to Keras."""

import numbers
import random


def seed_or_drawn(seed: int | None, below: int = 2**31) -> int:
    """The seed, or one that is drawn as Keras' layers draw theirs.

    Args:
        seed: The argument; None for a draw from Python's generator, which
            `keras.utils.set_random_seed` rules.
        below: What the seed must be below.

    Raises:
        ValueError: If it is no whole number of at least 0 and below `below`.
    """
    if seed is None:
        return random.randrange(1, min(below, 10**9))
    if (
        isinstance(seed, bool)
        or not isinstance(seed, numbers.Integral)
        or not 0 <= int(seed) < below
    ):
        raise ValueError(
            f"`seed` must be a non-negative integer below {below}, or None. Received: seed={seed!r}"
        )
    return int(seed)
