"""Batches in which each replica's part is of whole domains."""

from typing import Any

import keras
import tensorflow as tf

from dg_keras.common.samples import number_of_samples
from dg_keras.step.own_domains import own_domains, places


def batches_by_replica(batches: tf.data.Dataset, domains: int, replicas: int) -> tf.data.Dataset:
    """Brings the samples of interleaved batches into the order in which replicas take them.

    Keras gives each of R replicas an R-th of a batch, the first samples to the first. A replica
    with fewer domains than others gets some twice, which it leaves out.

    Args:
        batches: Interleaved batches: sample i is of domain i modulo N.
        domains: N.
        replicas: R, at most N.

    Returns:
        Batches in which sample i of a replica's part is of its place i modulo `places`.
    """
    of_places = [
        own[place % len(own)]
        for replica in range(replicas)
        for own in [own_domains(replica, replicas, domains)]
        for place in range(places(replicas, domains))
    ]

    def ordered(*batch: Any) -> Any:
        of_each = number_of_samples(batch[0]) // domains
        of_domain = tf.reshape(of_places, [replicas, 1, -1])
        samples = tf.range(of_each)[None, :, None] * domains + of_domain
        order = tf.reshape(samples, [-1])  # of [R, B, places]
        return keras.tree.map_structure(lambda t: _taken(t, order, len(of_places), domains), batch)

    return batches.map(ordered, num_parallel_calls=tf.data.AUTOTUNE)


def _taken(tensor: Any, order: tf.Tensor, of_step: int, domains: int) -> Any:
    """Samples in another order, `of_step` for every so many as there are domains."""
    if isinstance(tensor, tf.SparseTensor):
        raise ValueError(
            "`domain_parallel` must be False for sparse tensors, whose samples can't be taken in "
            "another order. Received: domain_parallel=True"
        )
    taken = tf.gather(tensor, order)
    size = tensor.shape[0]
    if size is not None and isinstance(taken, tf.Tensor):
        taken = tf.ensure_shape(taken, [size // domains * of_step, *tensor.shape[1:]])
    return taken
