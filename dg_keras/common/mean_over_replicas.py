"""What several replicas under `tf.distribute` know together."""

import tensorflow as tf


def mean_over_replicas(value: tf.Tensor) -> tf.Tensor:
    """The mean of what each replica has made of its samples; gradients flow through it.

    Args:
        value: A tensor of the same shape on all replicas that take a step together.
    """
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    if replicas == 1:
        return value
    context = tf.distribute.get_replica_context()
    return context.all_reduce(tf.distribute.ReduceOp.SUM, value / replicas)
