"""What can't be kept by several machines."""

from pathlib import Path

import keras
import tensorflow as tf

from dg_keras.step.replicas import is_of_many_machines


def check_of_one_machine(model: keras.Model, backup: Path | None) -> None:
    """Raises ValueError where several machines train the model, and would write one file each."""
    distribution = model.distribute_strategy
    if backup is not None and is_of_many_machines(distribution) and _machines(distribution) > 1:
        raise ValueError(
            "`backup` must be None where several machines train one model. "
            f"Received: backup={str(backup)!r}"
        )


def _machines(distribution: tf.distribute.Strategy) -> int:
    cluster = distribution.cluster_resolver.cluster_spec()
    return sum(cluster.num_tasks(job) for job in ("chief", "worker") if job in cluster.jobs)
