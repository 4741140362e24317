"""The base class of all strategies."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Self

import tensorflow as tf

from dg_keras.common.configured import Configured

MERGES = ("merge", "merge_from", "weights", "start", "add", "finish")
"""The methods that decide what comes of the gradients."""


@dataclasses.dataclass(frozen=True)
class Strategy(Configured):
    """Merges the gradients of N domains into one gradient.

    A subclass overrides `merge`, or derives from `GramStrategy` and overrides `weights`. It is a
    frozen dataclass: its fields are its configuration. One that draws at random derives from
    `Seeded` too, whose `key` is what draws depend on.

    What it tells of its merge (`averages`, `can_be_compiled`, `carries_nonfinite`, `keeps_finite`)
    holds for the class that says so: where a subclass merges otherwise and does not say it again,
    it is False.

    Examples:
        >>> @keras.saving.register_keras_serializable(package="my_project")
        ... @dataclasses.dataclass(frozen=True)
        ... class Largest(dg_keras.strategies.Strategy):
        ...     def merge(self, gradients, step):
        ...         return [tf.reduce_max(domains, axis=0) for domains in zip(*gradients)]
        >>> Largest()([[[1.0, -2.0]], [[3.0, -4.0]]])[0].numpy()
        array([ 3., -2.], dtype=float32)
    """

    averages: ClassVar[bool] = False
    """True where the merge is the gradient of the domains' mean loss, which costs one backward
    pass instead of N."""

    can_be_compiled: ClassVar[bool] = False
    """True where XLA knows all that `merge` does; `DomainGeneralizer` then compiles it even where
    the network is not compiled."""

    carries_nonfinite: ClassVar[bool] = False
    """True where `merge` itself lets infinities and NaNs through to its result."""

    most_domains: ClassVar[int | None] = None
    """The number of domains that it takes at most; None for any."""

    keeps_finite: ClassVar[bool] = False
    """True where `merge` makes a finite gradient of finite ones, if sums of theirs are; a look at
    the result is spared in each step."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # What a class tells of its merge need not be true where a subclass merges otherwise.
        for told in ("averages", "can_be_compiled", "keeps_finite"):
            if is_behind(cls, told, MERGES):
                setattr(cls, told, False)
        if is_behind(cls, "carries_nonfinite", [name for name in MERGES if name != "weights"]):
            cls.carries_nonfinite = False

    def __call__(
        self, domain_gradients: Sequence[Sequence[Any]], step: int | tf.Tensor = 0
    ) -> list[Any]:
        """Merges the domains' gradients.

        Args:
            domain_gradients: A gradient per domain, each a list over the variables of tensors,
                arrays or `tf.IndexedSlices`; all domains have the same variables. None stands for a
                variable that a domain's loss does not depend on: it counts as zero where another
                domain has a gradient for it.
            step: The number of the training step, a scalar integer.

        Returns:
            One gradient: a list over the variables, None where every domain has None. Where any
            component of any domain is infinite or NaN, so is some component of the result, so that
            loss scaling and a watchful user can see it.

        Raises:
            ValueError: If there is no domain, or more than the strategy takes, or the domains
                differ in number, shapes or dtypes of variables, or a gradient is not of floats, or
                `merge` does not return a gradient.
        """
        return self._checked(domain_gradients, lambda gradients: self.merge(gradients, step))

    def merge(self, gradients: list[list[tf.Tensor]], step: int | tf.Tensor) -> list[tf.Tensor]:
        """Merges dense gradients; called while the training step is traced, or in each, eagerly.

        Args:
            gradients: A list over the domains of lists over the variables, none of them None. In
                mixed precision all are multiplied by the loss scale, so that a merge must be
                positively homogeneous: merge(c * gradients) = c * merge(gradients) for c > 0.
            step: The number of the training step, a scalar integer.

        Returns:
            A list over the variables.
        """
        raise NotImplementedError(f"{type(self).__name__} must override `merge`.")

    def of_run(self, seed: tf.Tensor) -> Self:
        """The strategy as a run with this seed uses it; the same where nothing is drawn."""
        return self

    def check_number(self, domains: int) -> None:
        """Raises ValueError if it does not take so many domains."""
        if self.most_domains is not None and domains > self.most_domains:
            raise ValueError(
                f"{type(self).__name__} takes {self.most_domains} domains at most. "
                f"Received: {domains} domains"
            )

    def _checked(
        self,
        domain_gradients: Sequence[Sequence[Any]],
        merge: Callable[[list[list[tf.Tensor]]], list[tf.Tensor]],
    ) -> list[tf.Tensor | None]:
        """What `merge` makes of dense gradients, checked on both sides."""
        connected, gradients = densified(domain_gradients)
        self.check_number(len(gradients))
        merged = []
        if any(connected):
            merged = check_merged(type(self), merge(gradients), gradients[0])
            if not self.carries_nonfinite:
                merged = nan_unless(all_finite(gradients), merged)
        remaining = iter(merged)
        return [next(remaining) if used else None for used in connected]


def is_behind(cls: type, name: str, others: Sequence[str]) -> bool:
    """Whether a class takes one of the others from a more special class than what is named."""

    def place(attribute: str) -> int:
        holders = [place for place, kind in enumerate(cls.__mro__) if attribute in kind.__dict__]
        return holders[0] if holders else len(cls.__mro__)

    return min(map(place, others)) < place(name)


def check_merged(
    strategy: type[Strategy], merged: Any, gradient: list[tf.Tensor]
) -> list[tf.Tensor]:
    """The merged gradient in the dtypes of a domain's.

    Raises:
        ValueError: If it is no list of a tensor for each variable, of its shape.
    """
    rule = f"`merge` of {strategy.__name__} must return a list of one tensor per variable"
    if not isinstance(merged, Sequence):
        raise ValueError(f"{rule}. Received: {type(merged).__name__}")
    if any(m is None for m in merged):
        raise ValueError(f"{rule}. Received: None for variable {list(merged).index(None)}")
    if len(merged) != len(gradient):
        raise ValueError(f"{rule}, {len(gradient)} in all. Received: {len(merged)}")
    pairs = zip(merged, gradient, strict=True)
    tensors = [tf.cast(tf.convert_to_tensor(m), g.dtype) for m, g in pairs]
    for index, (tensor, g) in enumerate(zip(tensors, gradient, strict=True)):
        if not tensor.shape.is_compatible_with(g.shape):
            raise ValueError(
                f"{rule}, of its shape. Received: {tuple(tensor.shape)} for variable {index} of "
                f"shape {tuple(g.shape)}"
            )
    return tensors


def all_finite(gradients: list[list[tf.Tensor]]) -> tf.Tensor:
    """Whether every component of every domain is finite, a scalar bool."""
    return tf.reduce_all(
        [tf.reduce_all(tf.math.is_finite(g)) for gradient in gradients for g in gradient]
    )


def nan_unless(finite: tf.Tensor, merged: list[tf.Tensor]) -> list[tf.Tensor]:
    """The merged gradient, or NaN where a component of any domain was not finite."""
    return [tf.where(finite, g, tf.constant(float("nan"), g.dtype)) for g in merged]


def densified(
    domain_gradients: Sequence[Sequence[Any]],
) -> tuple[list[bool], list[list[tf.Tensor]]]:
    """Which variables any domain depends on, and every domain's dense gradient of those."""
    if isinstance(domain_gradients, Mapping):
        raise ValueError(
            "`domain_gradients` must be a list over the domains. Received: a dict; give its values"
        )
    if not domain_gradients:
        raise ValueError("`domain_gradients` must hold at least one domain. Received: none")
    sizes = [len(gradient) for gradient in domain_gradients]
    if len(set(sizes)) > 1:
        raise ValueError(
            "`domain_gradients` must hold the same variables for every domain. "
            f"Received: {sizes} variables"
        )
    connected, by_variable = [], []
    for index, gradients in enumerate(zip(*domain_gradients, strict=True)):
        dense = [None if g is None else tf.convert_to_tensor(g) for g in gradients]
        present = [g for g in dense if g is not None]
        connected.append(bool(present))
        if not present:
            continue
        if not all(g.dtype.is_floating for g in present):
            raise ValueError(
                f"`domain_gradients` must be of floats. Received: variable {index} of "
                f"{', '.join(sorted({g.dtype.name for g in present}))}"
            )
        dtypes = sorted({g.dtype.name for g in present})
        if len(dtypes) > 1:
            raise ValueError(
                f"`domain_gradients` must have one dtype per variable. Received: variable {index} "
                f"of {', '.join(dtypes)}"
            )
        shapes = [g.shape for g in present]
        if not all(shape.is_compatible_with(shapes[0]) for shape in shapes):
            raise ValueError(
                f"`domain_gradients` must have one shape per variable. Received: variable {index} "
                f"with shapes {[tuple(shape) for shape in shapes]}"
            )
        by_variable.append([tf.zeros_like(present[0]) if g is None else g for g in dense])
    return connected, [list(domain) for domain in zip(*by_variable, strict=True)]
