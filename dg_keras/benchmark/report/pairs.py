"""Experiments whose methods are every objective with every strategy."""

import dataclasses
from typing import Any, Self

from dg_keras import objectives, strategies
from dg_keras.benchmark.config.config import Config


@dataclasses.dataclass(frozen=True)
class Pairs:
    """The methods of an experiment as a cross of objectives and strategies.

    Args:
        objectives: Their names, in the config's order.
        strategies: Their names, in the config's order.
        methods: The methods' names, by objective and strategy, a method for each.
    """

    objectives: tuple[str, ...]
    strategies: tuple[str, ...]
    methods: dict[tuple[str, str], str]

    @classmethod
    def of(cls, config: Config) -> Self | None:
        """The cross, of two objectives and two strategies at least.

        An objective is the same whatever its arguments, and so is a strategy.

        Args:
            config: The experiment.

        Returns:
            None where the methods are no such cross: where a pair is missing or there twice, or
            where the batches of a step come from one domain.
        """
        if any(method.batches != "each_domain" for method in config.methods):
            return None
        # By class, since a name, a config and a registered name may be of one.
        names: dict[type, str] = {}
        methods: dict[tuple[str, str], str] = {}
        for method in config.methods:
            plug_ins = (
                (objectives.get(method.objective), method.objective),
                (strategies.get(method.strategy), method.strategy),
            )
            first, second = (names.setdefault(type(p), _name(given)) for p, given in plug_ins)
            methods.setdefault((first, second), method.name)
        lines, columns = (tuple(dict.fromkeys(found)) for found in zip(*methods, strict=True))
        crossed = len(config.methods) == len(methods) == len(lines) * len(columns)
        if not crossed or min(len(lines), len(columns)) < 2:
            return None
        return cls(lines, columns, methods)


def _name(identifier: str | dict[str, Any]) -> str:
    return identifier if isinstance(identifier, str) else identifier["class_name"]
