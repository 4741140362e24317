"""Going on where a job of several machines was broken off."""

import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from dg_keras.step.replicas import is_of_many_machines


class SharedBackup(keras.callbacks.BackupAndRestore):
    """`keras.callbacks.BackupAndRestore` where several machines train one model.

    All machines begin from the first one's backup, so that none is an epoch ahead of another. All
    of them take part in making it, since there may be variables that they hold in common, and the
    first one alone keeps it. On one machine it is Keras' own.

    Args:
        backup_dir: The folder of the backup, which all machines see.
        strategy: The `tf.distribute` strategy that the model is made under.
        double_checkpoint: Whether the backup before the last is kept, too, for a machine that dies
            while it writes.
        **kwargs: All else that `BackupAndRestore` takes.

    Examples:
        >>> strategy = tf.distribute.MirroredStrategy(["CPU:0"])
        >>> backup = dg_keras.callbacks.SharedBackup("backup", strategy)
    """

    def __init__(
        self,
        backup_dir: str | Path,
        strategy: tf.distribute.Strategy,
        double_checkpoint: bool = True,
        **kwargs: Any,
    ) -> None:
        self._of_all = Path(backup_dir)
        self._strategy = strategy
        self._is_first = _is_first(strategy.cluster_resolver)
        own = self._of_all if self._is_first else _own(self._of_all, strategy.cluster_resolver)
        super().__init__(str(own), double_checkpoint=double_checkpoint, **kwargs)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Restores the first machine's backup, if there is one."""
        if not self._is_first:
            shutil.rmtree(self.backup_dir, ignore_errors=True)  # of a job that was broken off
            if self._of_all.is_dir():
                shutil.copytree(self._of_all, self.backup_dir)
        if is_of_many_machines(self._strategy):
            # The first one may have nothing left to train, and then removes it.
            _meet(self._strategy)
        super().on_train_begin(logs)


def _own(of_all: Path, resolver: tf.distribute.cluster_resolver.ClusterResolver) -> Path:
    """Where a machine that is not the first has its copy, which the next job on it removes."""
    told = f"{of_all.absolute()} {resolver.task_type} {resolver.task_id}"
    name = f"dg_keras-backup-{hashlib.sha256(told.encode()).hexdigest()[:16]}"
    return Path(tempfile.gettempdir()) / name


def _meet(strategy: tf.distribute.Strategy) -> None:
    """Waits until all machines are here."""

    def sum_of_ones() -> tf.Tensor:
        context = tf.distribute.get_replica_context()
        return context.all_reduce(tf.distribute.ReduceOp.SUM, tf.ones([]))

    strategy.run(tf.function(sum_of_ones))


def _is_first(resolver: tf.distribute.cluster_resolver.ClusterResolver | None) -> bool:
    """Whether this is the machine that TensorFlow calls the chief."""
    if resolver is None or not resolver.task_type:
        return True
    if resolver.task_type == "chief":
        return True
    is_led = "chief" in resolver.cluster_spec().jobs
    return resolver.task_type == "worker" and resolver.task_id == 0 and not is_led
