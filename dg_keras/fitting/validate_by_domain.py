"""Domains to validate on, as Keras' `fit` takes them."""

from typing import Any

import keras

from dg_keras.data.feeding.check_domains import check_domains
from dg_keras.data.feeding.pooled import pooled
from dg_keras.fitting.by_domain import ByDomain
from dg_keras.fitting.checks import DEFAULT_BATCH, check_evaluated
from dg_keras.fitting.classes import classes
from dg_keras.fitting.with_callback import with_callback


def validate_by_domain(
    model: keras.Model, batch_size: int | None, arguments: dict[str, Any]
) -> dict[str, Any]:
    """The arguments of `fit`, with all samples to validate on, and a callback for each domain's.

    Args:
        model: The `DomainGeneralizer`, for its `net`.
        batch_size: What `fit` was given.
        arguments: The other arguments of `fit`, with domains for `validation_data`.
    """
    domains = arguments["validation_data"]
    check_domains(domains, argument="validation_data")
    check_evaluated(domains, model.net, classes(model, model.net), "validation_data")
    if arguments.get("validation_steps") is not None:
        raise ValueError(
            "`validation_steps` must be None where `validation_data` is domains, all of which are "
            f"evaluated. Received: validation_steps={arguments['validation_steps']!r}"
        )
    size = arguments.get("validation_batch_size") or batch_size or DEFAULT_BATCH
    by_domain = ByDomain(domains, size)
    return {
        **arguments,
        "validation_batch_size": None,  # they are in batches
        "validation_data": pooled(domains, size),
        "callbacks": with_callback(arguments.get("callbacks"), by_domain, model, first=True),
    }
