"""A share of an experiment's runs, for one of several machines."""

import re
from collections.abc import Sequence
from typing import NamedTuple, Self

from dg_keras.benchmark.config.run import Run
from dg_keras.common.shortened import shortened


class Shard(NamedTuple):
    """The K-th of N shares.

    Args:
        number: K, from 1 on.
        of: N.
    """

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """The share that is written as `K/N`.

        Raises:
            ValueError: If it is none.
        """
        match = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text)
        shard = cls(*map(int, match.groups())) if match else None
        if shard is None or not 1 <= shard.number <= shard.of:
            raise ValueError(
                "`shard` must be K/N, the K-th of N shares, with K from 1 to N. Received: "
                f"shard={shortened(text)}"
            )
        return shard

    def own_first(self, runs: Sequence[Run]) -> list[Run]:
        """All runs, those of this share first, and then those of the next."""
        shares = [list(runs[start :: self.of]) for start in range(self.of)]
        first = self.number - 1
        return [run for share in shares[first:] + shares[:first] for run in share]
