"""The loss and metrics of each domain by itself."""

from typing import Any

import keras

from dg_keras.data.feeding.domains import named
from dg_keras.data.feeding.pooled import pooled


class ByDomain(keras.callbacks.Callback):
    """Puts the metrics of each domain beside those of all, where an epoch was validated.

    They are of the same weights: `keras.callbacks.SwapEMAWeights` has others during validation.

    Args:
        domains: A tuple, list or dict of domains.
        batch_size: Samples at once.
    """

    def __init__(self, domains: Any, batch_size: int) -> None:
        super().__init__()
        self._domains = domains
        self._batch_size = batch_size
        self._measured: dict[str, float] = {}

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """Evaluates, as all domains together just were."""
        self._measured = metrics_by_domain(self.model, self._domains, self._batch_size)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Tells of it, if the epoch was validated."""
        if logs is not None:
            logs.update({f"val_{name}": value for name, value in self._measured.items()})
        self._measured = {}


def metrics_by_domain(model: keras.Model, domains: Any, batch_size: int) -> dict[str, float]:
    """The loss and metrics of each domain, called `<metric>/<domain>`; see `results_by_domain`."""
    return {
        f"{metric}/{name}": value
        for name, results in results_by_domain(model, domains, batch_size).items()
        for metric, value in results.items()
    }


def results_by_domain(
    model: keras.Model, domains: Any, batch_size: int
) -> dict[str, dict[str, Any]]:
    """What `model.evaluate` says of each domain, by the domain's name.

    Args:
        model: A compiled model.
        domains: A tuple, list or dict of domains.
        batch_size: Samples at once.
    """
    return {
        str(name): model.evaluate(pooled({name: domain}, batch_size), return_dict=True, verbose=0)
        for name, domain in named(domains)
    }
