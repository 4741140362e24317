"""Data that are interleaved already."""

from typing import Any

import keras
import tensorflow as tf

from dg_keras.data.feeding.checked_batches import check_labels_of_arrays, checked_batches
from dg_keras.fitting.batches_by_replica import batches_by_replica
from dg_keras.fitting.check_class_weight import check_no_weight_of_ignored
from dg_keras.fitting.checks import check_dataset, check_stays_interleaved
from dg_keras.fitting.classes import classes
from dg_keras.step.checks import check_domains_suffice
from dg_keras.step.replicas import is_of_many_machines


def check_interleaved(
    model: keras.Model, x: Any, y: Any, batch_size: int | None, arguments: dict[str, Any]
) -> Any:
    """Refuses what Keras would mix, and looks at batches when they are drawn.

    Args:
        model: The `DomainGeneralizer`, for its `net` and `domain_names`.
        x: What `fit` was given.
        y: Its targets, where they are not in `x`.
        batch_size: Samples per batch, or None.
        arguments: The other arguments of `fit`.

    Returns:
        `x`, for Keras.
    """
    names, replicas = model.domain_names, model.distribute_strategy.num_replicas_in_sync
    check_dataset(x, arguments.get("steps_per_epoch"), names, model.steps_per_execution)
    if isinstance(x, tf.data.Dataset):
        check_no_weight_of_ignored(arguments.get("class_weight"), classes(model, model.net))
    if isinstance(x, tf.data.Dataset) and is_of_many_machines(model.distribute_strategy):
        x = of_samples(x)
    if model.domain_parallel and replicas > 1:
        return _by_replica(model, x, replicas)
    check_stays_interleaved(x, y, batch_size, arguments, names, replicas)
    if names is None:
        return x
    known = classes(model, model.net)
    check_labels_of_arrays(y, known, arguments.get("sample_weight"))
    # A replica gets a slice of the batch, which must begin with the first domain.
    return checked_batches(x, len(names) * replicas, known)


def of_samples(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """The batches, each shared out among the machines; TensorFlow would share out their files.

    A data set that says itself how it is shared out stays as it is.
    """
    policy = tf.data.experimental.AutoShardPolicy
    if dataset.options().experimental_distribute.auto_shard_policy != policy.AUTO:
        return dataset
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = policy.DATA
    return dataset.with_options(options)


def _by_replica(model: keras.Model, x: Any, replicas: int) -> tf.data.Dataset:
    """The batches in the order in which replicas take whole domains."""
    if model.domain_names is None or not isinstance(x, tf.data.Dataset):
        raise ValueError(
            "`x` must be domains, or a tf.data.Dataset that is already interleaved, of which "
            "DomainGeneralizer was given the `domains`, where `domain_parallel` is True. Received: "
            f"`x` of type {type(x).__name__}"
        )
    domains = len(model.domain_names)
    check_domains_suffice(domains, replicas)
    return batches_by_replica(
        checked_batches(x, domains, classes(model, model.net)), domains, replicas
    )
