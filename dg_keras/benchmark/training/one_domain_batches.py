"""Batches for the control experiment: all of one domain."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from dg_keras import data as datasets


def one_domain_batches(
    domains: Mapping[str, Any], batch_size: int, seed: int, start_step: int = 0
) -> tf.data.Dataset:
    """Makes the N batches of a step all of one domain, drawn anew, instead of one of each.

    The control experiment of Mansilla et al. (2021), figure 4: as many gradients as ever, of the
    same number of samples, but no two domains to agree.

    Args:
        domains: N domains, as `dg_keras.data.interleave` takes them.
        batch_size: Number of samples per gradient.
        seed: What the draws depend on.
        start_step: The step of the first batch; those before are read, and dropped.

    Returns:
        Infinite dataset of batches of `N * batch_size` samples, all different where the domain is
        as large.
    """
    number = len(domains)
    streams = [
        datasets.interleave({name: domain}, number * batch_size, seed)
        for name, domain in domains.items()
    ]

    def drawn(step: tf.Tensor) -> tf.Tensor:
        key = tf.stack([tf.constant(seed, tf.int64), step])
        integer = tf.random.stateless_uniform([], key, None, None, tf.uint32, alg="philox")
        return tf.cast(integer, tf.int64) % number

    domain_of_step = tf.data.Dataset.counter().map(drawn)
    batches = tf.data.Dataset.choose_from_datasets(streams, domain_of_step)
    # Not left out of each stream: how often a domain was drawn before is known to none.
    return batches.skip(start_step)
