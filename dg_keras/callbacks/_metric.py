"""One metric of every domain."""

from collections.abc import Sequence
from typing import Any, Literal

import keras
import numpy as np

from dg_keras.callbacks._first_results import first_results
from dg_keras.callbacks._known_modes import known_modes
from dg_keras.common.check_choice import check_choice
from dg_keras.common.check_positive_integer import check_positive_integer
from dg_keras.data.feeding.check_domains import check_each
from dg_keras.data.feeding.domains import check_finite, named
from dg_keras.fitting.by_domain import results_by_domain
from dg_keras.fitting.metrics_kept import metrics_kept


class Metric:
    """What `model.evaluate` says of every domain, of one of its metrics.

    Args:
        name: As `evaluate` calls it.
        mode: "min" or "max", which is better; None where Keras knows.
        domains: A tuple, list or dict of finite domains.
        batch_size: Samples at once.
        columns: What the callback's table has beside the domains, whose names no domain may have.

    Attributes:
        name: The same.
        sign: 1 where larger is better, -1 where smaller is; known after `check`.
    """

    def __init__(
        self,
        name: str,
        mode: Literal["min", "max"] | None,
        domains: Any,
        batch_size: int,
        columns: Sequence[str] = (),
    ) -> None:
        check_positive_integer("batch_size", batch_size)
        self._columns = columns
        self.domains = domains
        if mode is not None:
            check_choice("mode", mode, ("min", "max"))
        self.name = name
        self.sign = 0
        self._mode = mode
        self._batch_size = batch_size

    @property
    def domains(self) -> Any:
        """The domains, which may be assigned anew."""
        return self._domains

    @domains.setter
    def domains(self, domains: Any) -> None:
        check_each(domains)
        check_finite(domains)
        for name, _ in named(domains):
            if str(name) in self._columns:
                raise ValueError(
                    f"No domain must have the name of a column of `evaluations`, "
                    f"{', '.join(self._columns)}. Received: domain {name!r}"
                )
        self._domains = domains

    def check(self, model: keras.Model) -> None:
        """Raises ValueError if the model has no such metric, or nobody knows what is better."""
        known = first_results(model, self._domains, self._batch_size)
        if self.name not in known:
            raise ValueError(
                f"`metric` must be one of the compiled model's: {', '.join(known)}. "
                f"Received: metric={self.name!r}"
            )
        if np.ndim(known[self.name]):
            raise ValueError(
                "`metric` must be one that is a single number. Received: "
                f"metric={self.name!r}, which is of shape {np.shape(known[self.name])}"
            )
        mode = self._mode or known_modes(model).get(self.name)
        if mode is None:
            raise ValueError(
                f'`mode` must say whether "min" or "max" of metric {self.name!r} is better. '
                "Received: mode=None"
            )
        self.sign = 1 if mode == "max" else -1

    def by_domain(self, model: keras.Model) -> dict[str, float]:
        """The metric's value by the domain's name."""
        with metrics_kept(model):
            results = results_by_domain(model, self._domains, self._batch_size)
        return {name: float(result[self.name]) for name, result in results.items()}
