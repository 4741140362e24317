"""One experiment, or several."""

import dataclasses

from dg_keras.benchmark.config.config import Config


@dataclasses.dataclass(frozen=True)
class Plan:
    """What one command runs: an experiment, or several that are reported together."""

    name: str
    configs: tuple[Config, ...]
