"""Strategies that take the domains one after the other."""

import dataclasses
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from dg_keras.strategies.strategy import MERGES, Strategy, is_behind


@dataclasses.dataclass(frozen=True)
class FoldStrategy(Strategy):
    """A strategy that needs one domain's gradient at a time, beside a running state.

    A subclass overrides `start`, `add` and `finish`; `merge` follows from them. The state is any
    structure of tensors. Where infinities and NaNs pass through it to what `finish` returns, a
    subclass sets `carries_nonfinite`, and a look at every component is spared.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if is_behind(cls, "share", MERGES):  # it is the share of another merge
            cls.share = FoldStrategy.share  # type: ignore[method-assign]

    @classmethod
    def is_a_fold(cls) -> bool:
        """Whether folding is all of its merge: no subclass of a fold merges by itself."""
        return not is_behind(cls, "finish", ["merge"])

    def start(self, gradient: list[tf.Tensor]) -> Any:
        """The state after the first domain, from its gradient (a list over the variables)."""
        raise NotImplementedError(f"{type(self).__name__} must override `start`.")

    def add(self, state: Any, gradient: list[tf.Tensor]) -> Any:
        """The state after one more domain; called for each domain but the first, in order."""
        raise NotImplementedError(f"{type(self).__name__} must override `add`.")

    def finish(self, state: Any, step: int | tf.Tensor) -> list[tf.Tensor]:
        """The merged gradient, from the state after the last domain."""
        raise NotImplementedError(f"{type(self).__name__} must override `finish`.")

    def share(
        self, state: Any, all_sum: Callable[[Any], Any], groups: int, step: int | tf.Tensor
    ) -> list[tf.Tensor]:
        """A group's share of the merged gradient, where groups of domains are folded apart.

        The shares of all groups add up to what `finish` makes of all domains. With it a strategy is
        merged over many devices for little more than one sum of one gradient; see
        `DomainGeneralizer(domain_parallel=True)`.

        Args:
            state: The state after the last domain of this group.
            all_sum: Sums a structure of tensors, of integers or floats, over all groups; to be
                called by all groups alike.
            groups: The number of groups.
            step: The number of the training step, a scalar integer.
        """
        raise NotImplementedError(f"{type(self).__name__} must override `share`.")

    def merge(self, gradients: list[list[tf.Tensor]], step: int | tf.Tensor) -> list[tf.Tensor]:
        """What comes of folding the domains, in their order."""
        return self.finish(self.fold(gradients), step)

    def fold(self, gradients: list[list[tf.Tensor]]) -> Any:
        """The state after all domains, in their order."""
        state = self.start(gradients[0])
        for gradient in gradients[1:]:
            state = self.add(state, gradient)
        return state
