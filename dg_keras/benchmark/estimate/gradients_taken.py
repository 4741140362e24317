"""What a method's step takes its time and memory for."""

from typing import Literal

from dg_keras import objectives, strategies
from dg_keras.benchmark.config.config import Method

Taken = Literal["one gradient", "a gradient per domain", "second gradients"]


def gradients_taken(method: Method) -> Taken:
    """Which gradients a step of a method takes.

    Methods that take the same differ by what merging takes, a few hundredths of a step.

    Args:
        method: The method.
    """
    objective, strategy = objectives.get(method.objective), strategies.get(method.strategy)
    if objective.looks_ahead:
        return "second gradients"
    # The gradient of the mean loss, weighed or not, may be all that there is to take.
    one = strategy.averages and not isinstance(objective, objectives.FeatureObjective)
    return "one gradient" if one else "a gradient per domain"
