"""Mixup between domains."""

import functools
from typing import Any, NamedTuple

import keras
import numpy as np
import scipy  # its parts are imported when they are first used, `stats` for a third of a second
import tensorflow as tf

from dg_keras.common.configured import public
from dg_keras.objectives._checks import check_positive
from dg_keras.objectives.batch import Batch
from dg_keras.objectives.objective import Objective
from dg_keras.objectives.pairing import cyclic_partners
from dg_keras.objectives.risk import Risk

# As many quantiles as there are draws of 16 bits.
_DRAWS = 2**16


class Mixed(NamedTuple):
    """What a mixed batch has for its targets: those of both parts, and the first part's share."""

    first: Any
    second: Any
    share: tf.Tensor


@public
class Mixup(Objective):
    """Trains each domain on mixtures with another.

    "mixup: beyond empirical risk minimization", Zhang et al. (2018), between domains, as
    inter-domain Mixup in Wang et al. (2020): the domains are paired in a circle of random order;
    the images of domain i and its partner j become lambda x_i + (1 - lambda) x_j, with one
    lambda ~ Beta(alpha, alpha) per pair, and the loss lambda L(y_i) + (1 - lambda) L(y_j).

    The training metrics compare the predictions for the mixtures with y_i.

    Args:
        alpha: Both parameters of the Beta distribution.
    """

    alpha: float = 0.2

    def __post_init__(self) -> None:
        check_positive("alpha", self.alpha)

    def check(self, net: keras.Model) -> None:
        """Raises ValueError if the network looks its inputs up, which then are no quantities."""
        inputs = {id(tensor) for tensor in getattr(net, "inputs", None) or []}
        for layer in net._flatten_layers():
            if isinstance(layer, keras.layers.Embedding) and id(_input_of(layer)) in inputs:
                raise ValueError(
                    "Mixup needs inputs that can be mixed, such as images. Received: a network "
                    f"whose layer {layer.name!r}, an Embedding, looks its inputs up"
                )

    def prepare(self, batch: Batch, domains: int, seed: tf.Tensor) -> Batch:
        """Mixes each domain's samples with those of its partner."""
        keras.tree.map_structure(_check_can_be_mixed, batch.x)
        samples = tf.shape(keras.tree.flatten(batch.x)[0])[0]
        own = tf.range(samples) % domains
        partners = cyclic_partners(domains, tf.random.fold_in(seed, 0, alg="philox"))
        share = tf.gather(self.shares(domains, tf.random.fold_in(seed, 1, alg="philox")), own)
        others = tf.range(samples) - own + tf.gather(partners, own)

        def of_others(part: Any) -> Any:
            return keras.tree.map_structure(
                lambda t: tf.gather(t, others), part, none_is_leaf=False
            )

        def mix(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
            # Images of bytes have mixtures that are none.
            dtype = first.dtype if first.dtype.is_floating else tf.float32
            first, second = tf.cast(first, dtype), tf.cast(second, dtype)
            weight = tf.reshape(tf.cast(share, dtype), [-1] + [1] * (first.shape.rank - 1))
            return weight * first + (1 - weight) * second

        x, y, sample_weight = batch
        mixed = keras.tree.map_structure(mix, x, of_others(x))
        if sample_weight is not None:
            sample_weight = (sample_weight, of_others(sample_weight))
        return Batch(mixed, Mixed(y, of_others(y), share), sample_weight)

    def loss(self, batch: Batch, y_pred: Any, risk: Risk, step: tf.Tensor) -> tf.Tensor:
        """The compiled loss against both parts' targets, each with its share."""
        share = batch.y.share[0]  # a domain's samples have one
        first, second = batch.sample_weight or (None, None)
        of_first = risk(Batch(batch.x, batch.y.first, first), y_pred, share)
        of_second = risk(Batch(batch.x, batch.y.second, second), y_pred, 1 - share)
        share = tf.cast(share, of_first.dtype)
        return share * of_first + (1 - share) * of_second

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


def _input_of(layer: keras.Layer) -> Any:
    """What the layer is called with; None where it is not part of a Functional model."""
    nodes = layer._inbound_nodes
    return nodes[0].input_tensors[0] if nodes else None


def _check_can_be_mixed(inputs: tf.Tensor) -> None:
    """Raises ValueError for whole numbers that are no images, and for sparse and ragged inputs."""
    if not isinstance(inputs, tf.Tensor):
        raise ValueError(
            f"Mixup needs inputs that can be mixed: dense ones. Received: a {type(inputs).__name__}"
        )
    if not inputs.dtype.is_floating and inputs.dtype != tf.uint8:
        raise ValueError(
            "Mixup needs inputs that can be mixed: floats, or images of bytes (uint8). Received: "
            f"{inputs.dtype.name}, and whole numbers such as the ids of words have no mixtures"
        )
