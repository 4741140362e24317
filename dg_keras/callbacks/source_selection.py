"""The weights that are best on the source domains."""

import math
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from dg_keras.callbacks._check_of_one_machine import check_of_one_machine
from dg_keras.callbacks._every_steps import EverySteps
from dg_keras.callbacks._metric import Metric
from dg_keras.common.check_choice import check_choice
from dg_keras.common.read_arrays import read_arrays
from dg_keras.common.write_arrays import write_arrays
from dg_keras.data.feeding.domains import named
from dg_keras.fitting.checks import check_positive


class SourceSelection(EverySteps):
    """Keeps the weights that are best on the source domains, and puts them back in the end.

    How a model does on a domain that it has not seen swings from one evaluation to the next, and
    must not be looked at. So weights are chosen on parts of the source domains that are not trained
    on: "training-domain validation" of Gulrajani & Lopez-Paz, "In search of lost domain
    generalization" (2021), as in Mansilla et al. (2021). The model is any compiled `keras.Model`.

    Beside `WeightAveraging` put it first: both put weights in at the end of training, and those of
    the last of them stay.

    An epoch's `logs` get `source_<metric>`, the value of the latest evaluation; other callbacks
    that read `logs` must come after this one. Training itself does not notice.

    Args:
        domains: A tuple, list or dict of domains to evaluate on: unbatched and finite
            `tf.data.Dataset`s of `(x, y)` or `(x, y, sample_weight)`, or tuples of arrays.
        every: "epoch", or the number of training steps from one evaluation to the next, counted
            from the beginning of `fit`.
        metric: What is compared, as `model.evaluate` calls it.
        by: "mean" for the mean of the domains' values, each of which counts the same, or "worst"
            for the worst of them.
        mode: "min" or "max", which is better; None where Keras knows.
        patience: The number of evaluations without a better one after which training is stopped;
            None to train on.
        batch_size: Samples to evaluate at once.
        backup: A file in which the best weights are kept, too, as long as training lasts. Training
            that is started again, as with `keras.callbacks.BackupAndRestore`, goes on from it;
            `patience`, steps and `every` count anew.

    Attributes:
        evaluations: A `pandas.DataFrame` with a row per evaluation of the latest `fit`: `step`, the
            number of its training steps before; `epoch`; the value of each domain, by its name; and
            `value`, that by which they are compared.
        best_step: That of the best evaluation, the first of equals; None before the first. Of one
            before training was started again it is as that process counted.

    Examples:
        >>> x, y = np.random.rand(20, 3), np.random.rand(20, 1)
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        >>> model.compile("adam", loss="mse")
        >>> domains = {"old": (x, y), "new": (-x, y)}
        >>> arguments = {"every": 1, "metric": "loss", "by": "worst"}
        >>> selection = dg_keras.callbacks.SourceSelection(domains, **arguments)
        >>> history = model.fit(x, y, epochs=3, verbose=0, callbacks=[selection])
        >>> selection.evaluations["step"].tolist()
        [1, 2, 3]
    """

    def __init__(
        self,
        domains: Sequence[Any] | Mapping[str, Any],
        every: int | Literal["epoch"] = "epoch",
        metric: str = "accuracy",
        by: Literal["mean", "worst"] = "mean",
        mode: Literal["min", "max"] | None = None,
        patience: int | None = None,
        batch_size: int = 32,
        backup: str | Path | None = None,
    ) -> None:
        super().__init__(every)
        check_choice("by", by, ("mean", "worst"))
        check_positive("patience", patience)
        self.by = by
        self.patience = patience
        self.backup = None if backup is None else Path(backup)
        self.best_step: int | None = None
        self._metric = Metric(metric, mode, domains, batch_size, ("step", "epoch", "value"))
        self._rows: list[dict[str, Any]] = []

    @property
    def domains(self) -> Sequence[Any] | Mapping[str, Any]:
        """The domains; they may be assigned anew between two calls of `fit`."""
        return self._metric.domains

    @domains.setter
    def domains(self, domains: Sequence[Any] | Mapping[str, Any]) -> None:
        self._metric.domains = domains

    @property
    def evaluations(self) -> pd.DataFrame:
        """A row per evaluation of the latest `fit`."""
        return pd.DataFrame(self._rows)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Starts over, or goes on from the backup."""
        check_of_one_machine(self.model, self.backup)
        super().on_train_begin(logs)
        self._metric.check(self.model)
        self._rows, self._waited = [], 0
        self._best, self.best_step = -math.inf, None
        self._weights: list[np.ndarray] = []
        self._saved = None
        if self.backup is not None:
            needed = ("best", "step", "epoch")
            self._saved = read_arrays(self.backup, "the selection begins anew", *needed)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Looks whether training goes on where the backup was made, or behind that."""
        super().on_epoch_begin(epoch, logs)
        self._go_on(epoch)

    def measure(self) -> None:
        """Evaluates, and keeps the weights if there were no better ones."""
        values = self._metric.by_domain(self.model)
        signed = [self._metric.sign * value for value in values.values()]
        better = float(np.mean(signed) if self.by == "mean" else np.min(signed))
        row = {"step": self._step, "epoch": self._epoch, **values}
        self._rows.append({**row, "value": self._metric.sign * better})
        if better > self._best:
            self._best, self.best_step, self._waited = better, self._step, 0
            self._weights = self.model.get_weights()
            self._keep()
            return
        self._waited += 1
        if self.patience is not None and self._waited >= self.patience:
            self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Evaluates, if it is time, and puts the latest value into `logs`."""
        super().on_epoch_end(epoch, logs)
        value = self._rows[-1]["value"] if self._rows else math.nan
        if logs is not None:
            logs[f"source_{self._metric.name}"] = value

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Puts the best weights back."""
        self._go_on(self.params["epochs"])  # where no epoch was left to be trained
        if self._weights:
            self.model.set_weights(self._weights)
        elif not self._rows:
            self._warn_of_never("no weights were chosen")
        else:
            warnings.warn(
                "SourceSelection chose no weights, since no value that it measured was finite: "
                f"the model keeps those of its last step. Received: {self._rows[-1]['value']} as "
                "the last",
                stacklevel=2,
            )
        if self.backup is not None:
            self.backup.unlink(missing_ok=True)

    def _go_on(self, epoch: int) -> None:
        kept, self._saved = self._saved, None
        if kept is None:
            return
        if epoch < int(kept["epoch"]):
            warnings.warn(
                f"{self.backup} is of epoch {int(kept['epoch'])}, and training goes on with "
                f"{epoch}: the selection begins anew.",
                stacklevel=3,
            )
            return
        compared = str(kept.get("value", "what an earlier version compared"))
        if compared != self._compared():
            warnings.warn(
                f"{self.backup} is of {compared}, and training goes on by "
                f"{self._compared()}: the selection begins anew.",
                stacklevel=3,
            )
            return
        optimizer = self.model.optimizer  # None where the model trains without one of its own
        if optimizer is not None and int(optimizer.iterations) == 0:
            warnings.warn(
                f"{self.backup} is of another training, since this one has taken no step before: "
                "the selection begins anew.",
                stacklevel=3,
            )
            return
        weights = [kept[name] for name in kept if name.startswith("weight_")]
        shapes = [weight.shape for weight in self.model.get_weights()]
        if [weight.shape for weight in weights] != shapes:
            warnings.warn(
                f"{self.backup} is of another network: the selection begins anew.", stacklevel=3
            )
            return
        self._best, self.best_step = float(kept["best"]), int(kept["step"])
        self._weights = weights

    def _keep(self) -> None:
        if self.backup is None or self.best_step is None:
            return
        weights = {f"weight_{i}": weight for i, weight in enumerate(self._weights)}
        best = {"best": self._best, "step": self.best_step, "epoch": self._epoch}
        write_arrays(self.backup, {**best, "value": self._compared(), **weights})

    def _compared(self) -> str:
        """By what weights are compared."""
        which = "largest" if self._metric.sign > 0 else "smallest"
        names = ", ".join(str(name) for name, _ in named(self.domains))
        return f"the {which} {self.by} {self._metric.name} of {names}"
