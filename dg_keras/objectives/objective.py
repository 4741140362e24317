"""The base class of all objectives."""

import dataclasses
from collections.abc import Callable
from typing import Any, Self

import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Objective:
    """Turns a domain's predictions into the loss whose gradient the strategy gets.

    A subclass overrides `loss`. It is a frozen dataclass: its fields are its configuration.
    """

    def loss(self, y: Any, y_pred: Any, sample_weight: Any, risk: Callable) -> tf.Tensor:
        """A domain's loss; called once for each domain, while the training step is traced.

        Args:
            y: The domain's targets, `[B, ...]`.
            y_pred: The network's predictions for them.
            sample_weight: Their weights, `[B]`, or None.
            risk: `risk(y, y_pred, sample_weight)` is the compiled loss, a scalar: the mean over the
                samples it is given, with what the layers add for this domain's data, without
                the regularizers of the weights.

        Returns:
            A scalar.
        """
        raise NotImplementedError(f"{type(self).__name__} must override `loss`.")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The objective that `get_config` describes."""
        return cls(**config)
