"""What a model's metrics are called."""

from typing import Any

import keras

from dg_keras.data.feeding.check_domains import element_spec
from dg_keras.data.feeding.domains import named
from dg_keras.data.feeding.pooled import pooled
from dg_keras.fitting.metrics_kept import metrics_kept


def first_results(model: keras.Model, domains: Any, batch_size: int) -> dict[str, Any]:
    """What `evaluate` says of the first domain's first batch, by metric.

    What metrics are called is known once they have counted; what they had counted stays. Domains
    whose elements are other ones are tried, too.

    Args:
        model: A compiled model.
        domains: A tuple, list or dict of domains.
        batch_size: Samples at once.
    """
    specs: list[Any] = []
    results: dict[str, Any] = {}
    for name, domain in named(domains):
        if (spec := element_spec(domain)) in specs:
            continue
        specs.append(spec)
        with metrics_kept(model):
            batch = pooled({name: domain}, batch_size).take(1)
            of_domain = model.evaluate(batch, return_dict=True, verbose=0)
        results = results or of_domain
    return results
