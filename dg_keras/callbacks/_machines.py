"""What machines that train one model know of each other."""

import tensorflow as tf


def all_have(strategy: tf.distribute.Strategy, *numbers: int) -> bool:
    """Whether all machines, for which it waits, have the same numbers."""
    own = tf.constant([numbers, [number**2 for number in numbers]], tf.float64)

    def mean() -> tf.Tensor:
        context = tf.distribute.get_replica_context()
        return context.all_reduce(tf.distribute.ReduceOp.SUM, own) / context.num_replicas_in_sync

    (of_all, *_) = strategy.experimental_local_results(strategy.run(tf.function(mean)))
    first, second = of_all.numpy()
    return bool((second == first**2).all())  # no variance


def is_first(resolver: tf.distribute.cluster_resolver.ClusterResolver | None) -> bool:
    """Whether this is the machine that TensorFlow calls the chief."""
    if resolver is None or not resolver.task_type:
        return True
    if resolver.task_type == "chief":
        return True
    is_led = "chief" in resolver.cluster_spec().jobs
    return resolver.task_type == "worker" and resolver.task_id == 0 and not is_led
