"""What several replicas share in under `tf.distribute`."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf


def number_of_replicas() -> int:
    """How many replicas take the step together."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def is_of_many_machines(distribution: tf.distribute.Strategy) -> bool:
    """Whether several machines may train one model under it."""
    return isinstance(distribution, tf.distribute.MultiWorkerMirroredStrategy)


def replica_number() -> int:
    """Which of the replicas this is, from 0 on."""
    number = tf.distribute.get_replica_context().replica_id_in_sync_group
    return int(tf.get_static_value(number))


def sum_over_replicas(gradient: Sequence[Any]) -> list[Any]:
    """The sum of all replicas' gradients, None where there is none."""
    if number_of_replicas() == 1:
        return list(gradient)
    present = [tf.convert_to_tensor(g) for g in gradient if g is not None]
    reduced = iter(all_sum(present))
    return [None if g is None else next(reduced) for g in gradient]


def all_sum(values: Any) -> Any:
    """The sum of all replicas' values, a structure of tensors."""
    context = tf.distribute.get_replica_context()
    return context.all_reduce(tf.distribute.ReduceOp.SUM, values)


def mean_over_replicas(value: tf.Tensor) -> tf.Tensor:
    """The mean of what each replica made of its samples; gradients flow through it."""
    return value if number_of_replicas() == 1 else all_sum(share(value))


_GATHERED = (tf.float16, tf.float32, tf.float64, tf.int32, tf.int64)
"""What TensorFlow gathers from several machines; others are sent as one that holds their values."""


def gathered(values: tf.Tensor) -> tf.Tensor:
    """All replicas' values `[n, ...]`, one replica's after the other."""
    sent = values
    if values.dtype not in _GATHERED:
        is_whole = values.dtype.is_integer or values.dtype.is_bool
        sent = tf.cast(values, tf.int64 if is_whole else tf.float32)
    of_all = tf.distribute.get_replica_context().all_gather(sent, axis=0)
    return tf.cast(of_all, values.dtype)


def share(value: tf.Tensor) -> tf.Tensor:
    """This replica's share of a value that the replicas' shares add up to."""
    replicas = number_of_replicas()
    return value if replicas == 1 else value / replicas
