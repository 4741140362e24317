"""What a model's metrics are called."""

from typing import Any

import keras

from dg_keras.data.feeding.domains import named
from dg_keras.data.feeding.pooled import pooled
from dg_keras.fitting.metrics_kept import metrics_kept


def first_results(model: keras.Model, domains: Any, batch_size: int) -> dict[str, Any]:
    """What `evaluate` says of the first domain's first batch, by metric.

    What metrics are called is known once they have counted; what they had counted stays.

    Args:
        model: A compiled model.
        domains: A tuple, list or dict of domains.
        batch_size: Samples at once.
    """
    first, domain = next(iter(named(domains)))
    batch = pooled({first: domain}, batch_size).take(1)
    with metrics_kept(model):
        return model.evaluate(batch, return_dict=True, verbose=0)
