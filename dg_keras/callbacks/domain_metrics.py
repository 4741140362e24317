"""The compiled metrics of every domain by itself."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from dg_keras.callbacks._every_steps import EverySteps
from dg_keras.callbacks._first_results import first_results
from dg_keras.callbacks._known_modes import known_modes
from dg_keras.common.check_positive_integer import check_positive_integer
from dg_keras.data.feeding.check_domains import check_each
from dg_keras.data.feeding.domains import check_finite, named
from dg_keras.fitting.by_domain import results_by_domain
from dg_keras.fitting.metrics_kept import metrics_kept

_SUMMARIES = ("worst", "balanced")


class DomainMetrics(EverySteps):
    """Evaluates the compiled loss and metrics on every domain by itself.

    A high accuracy on a pooled validation set can hide a domain on which the model fails. The model
    is any compiled `keras.Model`; it need know nothing of domains. For each metric, such as
    `accuracy`, an epoch's `logs` get

    - `val_accuracy/<domain>`: `model.evaluate` on the domain,
    - `val_accuracy/worst`: the worst of the domains, the smallest for metrics that are the better
      the larger, the largest for losses and errors,
    - `val_accuracy/balanced`: the mean over the domains, each of which counts the same.

    The `History` that Keras adds has them; other callbacks that read `logs` must come after this
    one, such as `EarlyStopping(monitor="val_accuracy/worst", mode="max")`.

    One callback serves many calls of `fit` and many models; in between, `domains` may be assigned
    anew.

    Args:
        domains: A tuple, list or dict of domains: unbatched and finite `tf.data.Dataset`s of
            `(x, y)` or `(x, y, sample_weight)`, or tuples of arrays. A tuple's or list's are named
            by position.
        batch_size: Samples to evaluate at once.
        every: "epoch" to evaluate at the end of every epoch, or the number of training steps from
            one evaluation to the next, counted from the beginning of `fit`. The first epoch has one
            too; where there is none, the last values stand, so that every epoch has the same keys.
        prefix: What the keys in `logs` begin with.
        mode: For metrics of which Keras does not know whether larger is better: "min" or "max", by
            the metric's name in `evaluate`.

    Examples:
        >>> x, y = np.random.rand(20, 3), np.random.rand(20, 1)
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        >>> model.compile("adam", loss="mse")
        >>> metrics = dg_keras.callbacks.DomainMetrics({"old": (x, y), "new": (-x, y)})
        >>> history = model.fit(x, y, verbose=0, callbacks=[metrics])
        >>> list(history.history)
        ['loss', 'val_loss/old', 'val_loss/new', 'val_loss/worst', 'val_loss/balanced']
    """

    def __init__(
        self,
        domains: Sequence[Any] | Mapping[str, Any],
        batch_size: int = 32,
        every: int | Literal["epoch"] = "epoch",
        prefix: str = "val_",
        mode: Mapping[str, Literal["min", "max"]] | None = None,
    ) -> None:
        super().__init__(every)
        check_positive_integer("batch_size", batch_size)
        if mode is not None and not set(mode.values()) <= {"min", "max"}:
            raise ValueError(f'`mode` must map metrics to "min" or "max". Received: mode={mode}')
        self.batch_size = batch_size
        self.prefix = prefix
        self.mode = dict(mode or {})
        self.domains = domains

    @property
    def domains(self) -> Sequence[Any] | Mapping[str, Any]:
        """The domains, as they were given."""
        return self._domains

    @domains.setter
    def domains(self, domains: Sequence[Any] | Mapping[str, Any]) -> None:
        check_each(domains)
        for name, _ in named(domains):
            if str(name) in _SUMMARIES:
                raise ValueError(
                    f"No domain must have the name of a summary, {' or '.join(_SUMMARIES)}. "
                    f"Received: domain {name!r}"
                )
        check_finite(domains)
        self._domains = domains

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Starts over.

        Raises:
            ValueError: If `mode` names no metric, or nobody knows what of a metric is better.
        """
        super().on_train_begin(logs)
        self._values: dict[str, Any] = {}
        self._modes(first_results(self.model, self.domains, self.batch_size))

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Evaluates, if it is time, and puts the values into `logs`."""
        super().on_epoch_end(epoch, logs)
        if not self._values:
            self.measure()
        if logs is not None:
            logs.update(self._values)

    def measure(self) -> None:
        """Evaluates every domain."""
        self._values = self._evaluate()

    def _evaluate(self) -> dict[str, Any]:
        with metrics_kept(self.model):
            results = results_by_domain(self.model, self.domains, self.batch_size)
        values: dict[str, Any] = {}
        for metric, mode in self._modes(next(iter(results.values()))).items():
            of_domains = {name: result[metric] for name, result in results.items()}
            # Along the first axis, as a metric may have a value per class.
            worst = (np.min if mode == "max" else np.max)(list(of_domains.values()), axis=0)
            balanced = np.mean(list(of_domains.values()), axis=0)
            for name, value in (of_domains | {"worst": worst, "balanced": balanced}).items():
                values[f"{self.prefix}{metric}/{name}"] = value
        return values

    def _modes(self, metrics: Mapping[str, Any]) -> dict[str, str]:
        """What is better, of each metric."""
        unknown = sorted(set(self.mode) - set(metrics))
        if unknown:
            raise ValueError(
                f"`mode` must name metrics of the model: {', '.join(metrics)}. "
                f"Received: {', '.join(unknown)}"
            )
        known = {**known_modes(self.model), **self.mode}
        modes: dict[str, str] = {}
        for metric in metrics:
            mode = known.get(metric)
            if mode is None:
                raise ValueError(
                    f'`mode` must say whether "min" or "max" of metric {metric!r} is better. '
                    f"Received: mode={self.mode}"
                )
            modes[metric] = mode
        return modes
