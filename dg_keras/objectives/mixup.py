"""Mixup between domains."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
import scipy.stats
import tensorflow as tf

from dg_keras.objectives._checks import check_positive
from dg_keras.objectives.objective import Objective
from dg_keras.objectives.pairing import cyclic_partners

# As many quantiles as there are draws of 16 bits.
_DRAWS = 2**16


class Mixed(NamedTuple):
    """What a mixed batch has for its targets: those of both parts, and the first part's share."""

    first: Any
    second: Any
    share: tf.Tensor


@keras.saving.register_keras_serializable(package="dg_keras")
@dataclasses.dataclass(frozen=True)
class Mixup(Objective):
    """Trains each domain on mixtures with another.

    "mixup: beyond empirical risk minimization", Zhang et al. (2018), between domains, as
    inter-domain Mixup in Wang et al. (2020): the domains are paired in a circle of random order;
    the images of domain i and its partner j become lambda x_i + (1 - lambda) x_j, with one
    lambda ~ Beta(alpha, alpha) a pair, and the loss lambda L(y_i) + (1 - lambda) L(y_j).

    The training metrics compare the predictions for the mixtures with y_i.

    Args:
        alpha: Both parameters of the Beta distribution.
    """

    alpha: float = 0.2

    def __post_init__(self) -> None:
        check_positive("alpha", self.alpha)

    def prepare(
        self, x: Any, y: Any, sample_weight: Any, domains: int, seed: tf.Tensor
    ) -> tuple[Any, Any, Any]:
        """Mixes each domain's samples with those of its partner."""
        samples = tf.shape(keras.tree.flatten(x)[0])[0]
        own = tf.range(samples) % domains
        partners = cyclic_partners(domains, tf.random.fold_in(seed, 0, alg="philox"))
        share = tf.gather(self.shares(domains, tf.random.fold_in(seed, 1, alg="philox")), own)
        others = tf.range(samples) - own + tf.gather(partners, own)

        def of_others(part: Any) -> Any:
            return keras.tree.map_structure(
                lambda t: tf.gather(t, others), part, none_is_leaf=False
            )

        def mix(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
            # Whole numbers, such as images of bytes, have no mixtures.
            dtype = first.dtype if first.dtype.is_floating else tf.float32
            first, second = tf.cast(first, dtype), tf.cast(second, dtype)
            weight = tf.reshape(tf.cast(share, dtype), [-1] + [1] * (first.shape.rank - 1))
            return weight * first + (1 - weight) * second

        mixed = keras.tree.map_structure(mix, x, of_others(x))
        if sample_weight is not None:
            sample_weight = (sample_weight, of_others(sample_weight))
        return mixed, Mixed(y, of_others(y), share), sample_weight

    def loss(
        self, y: Mixed, y_pred: Any, sample_weight: Any, risk: Callable, step: tf.Tensor
    ) -> tf.Tensor:
        """The compiled loss against both parts' targets, each with its share."""
        first, second = sample_weight or (None, None)
        # All samples of a domain have one share.
        share = y.share[0]
        return share * risk(y.first, y_pred, first) + (1 - share) * risk(y.second, y_pred, second)

    def shares(self, domains: int, seed: tf.Tensor) -> tf.Tensor:
        """Draws lambda ~ Beta(alpha, alpha) for each domain, float32 `[N]`.

        TensorFlow's Gamma and Beta draws can't be compiled by XLA on a CPU. These are quantiles,
        picked by integers, so that they are the same in a graph, eagerly and under XLA.
        """
        draws = tf.random.stateless_uniform([domains], seed, None, None, tf.int32, alg="philox")
        return tf.gather(tf.constant(_quantiles(self.alpha)), draws & (_DRAWS - 1))


@functools.cache
def _quantiles(alpha: float) -> np.ndarray:
    """The distribution's quantiles in the middle of as many equal steps, float32."""
    return scipy.stats.beta.ppf((np.arange(_DRAWS) + 0.5) / _DRAWS, alpha, alpha).astype("float32")
