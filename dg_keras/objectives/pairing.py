"""Pairs of domains, drawn at random."""

import tensorflow as tf

from dg_keras.common.order import inverse, ranks


def cyclic_partners(domains: int, seed: tf.Tensor) -> tf.Tensor:
    """The next domain of each, in a circle of random order.

    The draw is a function of the seed alone, in a graph, eagerly, and under XLA.

    Args:
        domains: N, the number of domains.
        seed: int64 `[2]`.

    Returns:
        The partner of each domain, int32 `[N]`: a permutation that leaves no domain with itself,
        unless it is the only one.
    """
    keys = tf.random.stateless_uniform([domains], seed, None, None, tf.int32, alg="philox")
    place = ranks(keys)
    return tf.gather(inverse(place), (place + 1) % domains)
