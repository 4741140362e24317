"""The mean of the weights of many steps."""

import math
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from dg_keras.callbacks._check_of_one_machine import check_of_one_machine
from dg_keras.callbacks._dense_average import DenseAverage
from dg_keras.callbacks._every_steps import EverySteps
from dg_keras.callbacks._loss_valley import LossValley
from dg_keras.callbacks._metric import Metric
from dg_keras.common.check_between import check_between
from dg_keras.common.check_positive_integer import check_positive_integer
from dg_keras.common.read_arrays import read_arrays
from dg_keras.common.shortened import shortened
from dg_keras.common.write_arrays import write_arrays
from dg_keras.fitting.checks import check_positive


class WeightAveraging(EverySteps):
    """Averages the weights of all steps in a flat valley of the loss, and puts them in at the end.

    "SWAD: domain generalization by seeking flat minima", Cha et al. (2021), algorithm 1: the
    average begins where the loss on the source domains' validation parts has reached its first
    bottom, and ends where it has risen above a threshold. The model is any compiled `keras.Model`;
    training does not notice. Where there is no bottom, the steps between the last two evaluations
    are averaged.

    Beside `SourceSelection` put it last: both put weights in at the end of training, and those of
    the last of them stay.

    One average more than the larger of the two patiences is in memory, on the host, beside one on
    the device: seven by default. Statistics that layers keep, such as BatchNormalization's, are
    averaged as weights are. With `steps_per_execution`, only the weights at an execution's end are
    averaged.

    Args:
        domains: A tuple, list or dict of domains to evaluate on: unbatched and finite
            `tf.data.Dataset`s of `(x, y)` or `(x, y, sample_weight)`, or tuples of arrays. The
            mean of their losses, each of which counts the same, sets the bounds that are not given.
        every: "epoch", or the number of training steps from one evaluation to the next, counted
            from the beginning of `fit`.
        start: The first step that is averaged, counted from 1; None to find it.
        until: The last step that is averaged; None to find it, or to average to the end where
            `start` is given.
        optimum_patience: The number of evaluations of which the first must be the best, for the
            average to begin there: the paper's N_s.
        overfit_patience: The number of evaluations that must all be above the threshold, for the
            average to end before them: N_e.
        tolerance: How much the threshold is above the mean of the `optimum_patience` losses from
            the bottom on, as a part of its magnitude: r - 1.
        batch_size: Samples to evaluate at once.
        backup: A file in which the average is kept at the end of every epoch, as long as training
            lasts. Training that is started again, as with `keras.callbacks.BackupAndRestore`, goes
            on from it; steps are counted on, too, but for `every`.

    Attributes:
        evaluations: A `pandas.DataFrame` with a row per evaluation of the latest `fit`: `step`,
            `epoch`, each domain's loss by its name, and `loss`, their mean. The last row, of step
            NaN, is of the averaged weights.
        averaged: The first and last step that were averaged; None before the end of a `fit`, and
            after one in which none was, of which a warning tells.

    Examples:
        >>> x, y = np.random.rand(20, 3), np.random.rand(20, 1)
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        >>> model.compile("adam", loss="mse")
        >>> averaging = dg_keras.callbacks.WeightAveraging(start=11, until=20)
        >>> history = model.fit(x, y, batch_size=2, epochs=3, verbose=0, callbacks=[averaging])
        >>> averaging.averaged
        (11, 20)
    """

    _average: DenseAverage
    _saved: dict[str, np.ndarray] | None

    def __init__(
        self,
        domains: Sequence[Any] | Mapping[str, Any] | None = None,
        every: int | Literal["epoch"] = "epoch",
        start: int | None = None,
        until: int | None = None,
        optimum_patience: int = 3,
        overfit_patience: int = 6,
        tolerance: float = 0.3,
        batch_size: int = 32,
        backup: str | Path | None = None,
    ) -> None:
        super().__init__(every)
        check_positive("start", start)
        check_positive("until", until)
        check_positive_integer("optimum_patience", optimum_patience)
        check_positive_integer("overfit_patience", overfit_patience)
        check_between("tolerance", tolerance, 0.0)
        if start is None and (domains is None or until is not None):
            raise ValueError(
                "`start` must be given where `until` is, or `domains` are not, on which it would "
                f"be found. Received: start=None, until={until}, domains={shortened(domains)}"
            )
        if start is not None and until is not None and until < start:
            raise ValueError(
                f"`until` must not be before `start`. Received: start={start}, until={until}"
            )
        self._metric = None
        if domains is not None:
            self._metric = Metric("loss", "min", domains, batch_size, ("step", "epoch", "loss"))
        self.start, self.until = start, until
        self.backup = None if backup is None else Path(backup)
        self.averaged: tuple[int, int] | None = None
        self._bounds = optimum_patience, overfit_patience, tolerance
        self._rows: list[dict[str, Any]] = []

    @property
    def evaluations(self) -> pd.DataFrame:
        """A row per evaluation of the latest `fit`, and one of the averaged weights."""
        return pd.DataFrame(self._rows)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Starts over, or goes on from the backup."""
        check_of_one_machine(self.model, self.backup)
        super().on_train_begin(logs)
        if self._metric is not None:
            self._metric.check(self.model)
        self._rows, self.averaged = [], None
        self._before = 0  # the steps of another process
        self._average = DenseAverage(self.model, LossValley(*self._bounds), self.start, self.until)
        self._saved = None
        if self.backup is not None:
            self._saved = read_arrays(
                self.backup, "the average begins anew", "epoch", "step", "counts"
            )

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Looks whether training goes on where the backup was made."""
        super().on_epoch_begin(epoch, logs)
        self._go_on(epoch)

    def _go_on(self, epoch: int) -> None:
        saved, self._saved = self._saved, None
        if saved is None:
            return
        kept = int(saved["epoch"])
        is_same = self.model.built and self._average.is_of_shapes(saved)
        if epoch != kept + 1 or not is_same:
            what = f"epoch {kept}, and training goes on with {epoch}"
            if epoch == kept + 1:
                what = "another network"
            warnings.warn(f"{self.backup} is of {what}: the average begins anew.", stacklevel=3)
            return
        self._average.resume(saved)
        self._before = int(saved["step"])

    def stepped(self) -> None:
        """Takes the weights of the step before into the average."""
        self._average.take(self._before + self._step)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Takes the weights of the last step, and evaluates if it is time."""
        steps = self._steps_of_epoch(max(self._ended))
        self._average.take(self._before + self._epoch_start + steps)
        super().on_epoch_end(epoch, logs)
        if self.backup is not None:
            self._keep(self.backup, epoch)

    def measure(self) -> None:
        """Evaluates, and looks whether the valley begins or ends."""
        if self._metric is not None:
            loss = self._evaluate(self._metric, self._before + self._step, self._epoch)
            self._average.measured(loss)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Puts the averaged weights in."""
        self._go_on(self.params["epochs"])  # where no epoch was left to be trained
        self.averaged = self._average.put_in()
        if self.averaged is None and self.start is not None:
            warnings.warn(
                f"No weights were averaged, since training took {self._before + self._step} steps: "
                "none that ended an execution is among those averaged, or the weights after one of "
                f"them were not finite. Received: start={self.start}, until={self.until}",
                stacklevel=2,
            )
        elif self.averaged is None and self._rows:
            warnings.warn(
                "No weights were averaged, since no loss that was measured was finite: the model "
                f"keeps those of its last step. Received: {self._rows[-1]['loss']} as the last",
                stacklevel=2,
            )
        elif self.averaged is None:
            self._warn_of_never("no weights were averaged")
        if self.averaged is not None and self._metric is not None:
            self._evaluate(self._metric, math.nan, self._epoch)
        if self.backup is not None:
            self.backup.unlink(missing_ok=True)

    def _keep(self, backup: Path, epoch: int) -> None:
        counts = {"step": self._before + self._step, "epoch": epoch}
        write_arrays(backup, {**self._average.state(), **counts})

    def _evaluate(self, metric: Metric, step: float, epoch: int) -> float:
        losses = metric.by_domain(self.model)
        loss = float(np.mean(list(losses.values())))
        self._rows.append({"step": step, "epoch": epoch, **losses, "loss": loss})
        return loss
