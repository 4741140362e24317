"""Domains, as Keras' `fit` takes them."""

import functools
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from dg_keras.common.check_is_bool import check_is_bool
from dg_keras.data.feeding.checked_batches import check_labels, checked_batches
from dg_keras.data.feeding.domain import Domain
from dg_keras.data.feeding.domains import check_unbatched, named
from dg_keras.data.feeding.interleave import interleave
from dg_keras.fitting.batches_by_replica import batches_by_replica
from dg_keras.fitting.check_class_weight import check_no_weight_of_ignored
from dg_keras.fitting.check_shapes import check_shapes
from dg_keras.fitting.checks import (
    DEFAULT_BATCH,
    check_executions,
    check_fits_replicas,
    sample_rank,
    steps_per_epoch,
)
from dg_keras.fitting.classes import classes, whole_class_weight
from dg_keras.fitting.start_step import StartStep
from dg_keras.fitting.with_callback import with_callback
from dg_keras.step.checks import check_domains_suffice


def feed(
    model: keras.Model, domains: Any, batch_size: int | None, arguments: dict[str, Any]
) -> tuple[tf.data.Dataset, dict[str, Any], Callable[[int], tf.data.Dataset] | None]:
    """What `fit` hands to Keras for domains.

    Args:
        model: The `DomainGeneralizer`, for its `net`, `seed` and `step`.
        domains: A tuple, list or dict of domains, as `check_domains_alone` passes it.
        batch_size: Samples per domain and step, or None.
        arguments: The other arguments of `fit`.

    Returns:
        The domains' interleaved batches from the model's step on, the other arguments, and what
        makes the same batches from another step on; None where they may not be the same.
    """
    shuffle = arguments.get("shuffle", True)
    check_is_bool("shuffle", shuffle)
    size = DEFAULT_BATCH if batch_size is None else batch_size
    replicas = model.distribute_strategy.num_replicas_in_sync
    is_parallel = model.domain_parallel and replicas > 1
    if is_parallel:
        check_domains_suffice(len(domains), replicas)
    else:
        check_fits_replicas(size, replicas)
    check_unbatched(domains, sample_rank(model.net))
    check_shapes(domains, model.net, "x")
    start = StartStep(int(model.step.numpy()))
    made = functools.partial(
        interleave, domains, size, seed=int(model.seed.numpy()), shuffle=shuffle
    )
    batches = made(start_step=start.step)
    known = classes(model, model.net)
    if not check_labels(domains, known):
        batches = checked_batches(batches, len(domains), known)
    if is_parallel:
        batches = batches_by_replica(batches, len(domains), replicas)
    steps, together = arguments.get("steps_per_epoch"), model.steps_per_execution
    if steps is None:  # in whole executions
        steps = -(-steps_per_epoch(domains, size) // together) * together
    check_executions(steps, together)
    check_no_weight_of_ignored(arguments.get("class_weight"), known)
    streams = [d for _, d in named(domains) if isinstance(d, tf.data.Dataset)]
    is_repeatable = all(isinstance(stream, Domain) for stream in streams)
    if arguments.get("class_weight") is not None:  # which Keras weighs its batches by
        is_repeatable = False
    others = {
        **arguments,
        "callbacks": with_callback(arguments.get("callbacks"), start, model),
        # Keras warns of a dataset that it shall shuffle: this one is by now, if it was to be.
        "shuffle": False,
        "class_weight": whole_class_weight(arguments.get("class_weight"), known),
        "steps_per_epoch": steps,
        "validation_batch_size": arguments.get("validation_batch_size") or batch_size,
    }
    return batches, others, (lambda step: made(start_step=step)) if is_repeatable else None
