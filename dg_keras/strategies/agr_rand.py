"""Agr-Rand: what the domains agree on, and noise elsewhere."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar

import tensorflow as tf

from dg_keras.common.check_is_bool import check_is_bool
from dg_keras.common.configured import public
from dg_keras.strategies.agreement import CONFLICT, Agreement, replace
from dg_keras.strategies.randomness import normal, split
from dg_keras.strategies.seeded import Seeded
from dg_keras.strategies.totals import FEW, totals


@public
class AgrRand(Seeded, Agreement):
    """Agr-Rand of Mansilla et al. (2021), eq. 4.

    As Agr-Sum where the domains' signs agree; elsewhere a draw from N(0, sigma^2), where sigma is
    the mean magnitude of the agreeing components of the whole network (0 where nothing agrees).

    Args:
        seed: Seed of the noise, which is the same in a graph, eagerly, and under XLA; see `Seeded`.
        zero_agrees: Whether a component that is 0 in every domain is agreement, as eq. 3 says. With
            False, as in the authors' published code, it gets noise and does not count in sigma.

    Examples:
        >>> dg_keras.strategies.AgrRand()([[[1.0, -2.0]], [[3.0, -2.0]]])[0].numpy()
        array([ 4., -4.], dtype=float32)
    """

    zero_agrees: bool = True

    can_be_compiled: ClassVar[bool] = True
    carries_nonfinite: ClassVar[bool] = True
    keeps_finite: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_is_bool("zero_agrees", self.zero_agrees)

    def merge(self, gradients: list[list[tf.Tensor]], step: int | tf.Tensor) -> list[tf.Tensor]:
        """What comes of folding the domains, in their order."""

        def fold(*gradient: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return self.fold([[g] for g in gradient])[0]

        # Folded where it is used: it takes less than keeping the state of all in memory.
        return self._merge(fold, list(zip(*gradients, strict=True)), step)

    def finish(self, state: Any, step: int | tf.Tensor) -> list[tf.Tensor]:
        """The sum where there is agreement, noise where there is conflict."""
        return self._merge(_as_it_is, state, step)

    def share(
        self, state: Any, all_sum: Callable[[Any], Any], groups: int, step: int | tf.Tensor
    ) -> list[tf.Tensor]:
        """This group's sum where all domains agree, its share of the noise elsewhere."""
        of_all = self._of_all(state, all_sum, groups)
        # Where all have one sign, magnitudes add up over the groups as sums do.
        return self._merge(_as_it_is, of_all, step, all_sum, groups)

    def _merge(
        self,
        fold: Callable,
        variables: Sequence[Sequence[tf.Tensor]],
        step: int | tf.Tensor,
        all_sum: Callable[[Any], Any] = lambda magnitude: magnitude,
        groups: int = 1,
    ) -> list[tf.Tensor]:
        """The merged gradient of what `fold` makes sum and sign of, for each variable."""

        def of_agreeing(*tensors: tf.Tensor) -> list[tf.Tensor]:
            return self._of_agreeing(*fold(*tensors))

        def merged(tensors: Sequence[tf.Tensor], noise: tf.Tensor) -> tf.Tensor:
            summed, sign = fold(*tensors)
            noise = tf.cast(tf.reshape(noise, tf.shape(summed)), summed.dtype)
            return replace(self._conflicts(sign), summed, noise)

        by_variable = [totals(of_agreeing, *tensors) for tensors in variables]
        sigma = _mean_magnitude(by_variable, all_sum) / groups
        own_seed, shared_seed = split(self.key(step), 2)
        own_seeds = split(own_seed, len(variables))
        # XLA takes a quarter of a second to compile a draw: small variables share one.
        sizes = [_size(first) for first, *_ in variables if _is_small(first)]
        if sizes:
            shared = _with_noise(tf.identity, sum(sizes), sigma, shared_seed)
            of_small = iter(tf.split(shared, sizes))
        return [
            merged(tensors, next(of_small))
            if _is_small(tensors[0])
            else _with_noise(partial(merged, tensors), _size(tensors[0]), sigma, own)
            for tensors, own in zip(variables, own_seeds, strict=True)
        ]

    def _of_agreeing(self, summed: tf.Tensor, sign: tf.Tensor) -> list[tf.Tensor]:
        """The magnitude of each component that agrees, and a one for it."""
        conflict = self._conflicts(sign)
        magnitude = tf.where(conflict, 0.0, tf.abs(tf.cast(summed, tf.float32)))
        # A variable's are counted in integers: in float32, adding ones stops at 2^24.
        return [magnitude, tf.cast(~conflict, tf.int32)]

    def _conflicts(self, sign: tf.Tensor) -> tf.Tensor:
        if self.zero_agrees:
            return sign == CONFLICT
        return (sign == CONFLICT) | (sign == 0)


def _as_it_is(summed: tf.Tensor, sign: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    return summed, sign


def _mean_magnitude(of_agreeing: list[list[tf.Tensor]], all_sum: Callable[[Any], Any]) -> tf.Tensor:
    """Mean magnitude of the agreeing components of all variables, a float32 scalar."""
    magnitudes, numbers = zip(*of_agreeing, strict=True)
    agreeing = tf.add_n([tf.cast(number, tf.float32) for number in numbers])
    return tf.math.divide_no_nan(all_sum(tf.add_n(list(magnitudes))), agreeing)


def _with_noise(
    function: Callable[[tf.Tensor], tf.Tensor],
    number: int | tf.Tensor,
    sigma: tf.Tensor,
    seed: tf.Tensor,
) -> tf.Tensor:
    """What a function makes of so many draws from N(0, sigma^2), float32."""
    if isinstance(number, int) and number % 2:
        # Of an odd number of draws XLA makes slow code on a CPU: it takes up to 15 times as long.
        return function(_with_noise(tf.identity, number + 1, sigma, seed)[:number])
    # Without a condition, XLA would draw once more for each of its uses.
    return tf.cond(
        sigma > 0,
        lambda: function(sigma * normal([number], seed)),
        lambda: function(tf.zeros([number], tf.float32)),
    )


def _is_small(variable: tf.Tensor) -> bool:
    size = variable.shape.num_elements()
    return size is None or size < FEW


def _size(variable: tf.Tensor) -> int | tf.Tensor:
    """The number of components, a scalar tensor where it is not known."""
    size = variable.shape.num_elements()
    return tf.size(variable) if size is None else size
