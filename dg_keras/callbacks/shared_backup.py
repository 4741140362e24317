"""Going on where a job of several machines was broken off."""

import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from dg_keras.callbacks._machines import all_have, is_first
from dg_keras.callbacks._whole_backup import put_right, tell_weights
from dg_keras.step.replicas import is_of_many_machines


class SharedBackup(keras.callbacks.BackupAndRestore):
    """`keras.callbacks.BackupAndRestore` where several machines train one model.

    All machines begin from the first one's backup, so that none is an epoch ahead of another. All
    of them take part in making it, since there may be variables that they hold in common, and the
    first one alone keeps it. Where it was broken off while it wrote, the backup before is taken; on
    one machine, too, which is else Keras' own.

    Args:
        backup_dir: The folder of the backup, which all machines see; no address of a bucket.
        strategy: The `tf.distribute` strategy that the model is made under.
        double_checkpoint: Whether the backup before the last is kept, too, for a machine that dies
            while it writes; without it training then begins anew.
        **kwargs: All else that `BackupAndRestore` takes.

    Raises:
        ValueError: If `backup_dir` is an address, such as gs://bucket.

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
        if "://" in str(backup_dir):
            raise ValueError(
                "`backup_dir` must be a folder of a file system that is mounted. "
                f"Received: {backup_dir!r}"
            )
        self._of_all = Path(backup_dir)
        self._strategy = strategy
        self._is_first = is_first(strategy.cluster_resolver)
        own = self._of_all if self._is_first else _own(self._of_all, strategy.cluster_resolver)
        super().__init__(str(own), double_checkpoint=double_checkpoint, **kwargs)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Restores the first machine's backup, if there is one.

        Raises:
            ValueError: If the machines do not begin from the same one.
        """
        several = is_of_many_machines(self._strategy)
        if several:  # the first one may have to remove that of the `fit` before
            all_have(self._strategy, 0)
        if not self._is_first:
            shutil.rmtree(self.backup_dir, ignore_errors=True)  # of a job that was broken off
            if self._of_all.is_dir():
                shutil.copytree(self._of_all, self.backup_dir)
        if several:  # the first one may have nothing left to train, and then removes it
            all_have(self._strategy, 0)
        put_right(Path(self.backup_dir))
        self.model._initial_epoch = None  # Keras leaves there what an earlier `fit` began with
        super().on_train_begin(logs)
        # Keras would tell a backup in the midst of this epoch that it is of the first.
        self._current_epoch = self.model._initial_epoch or 0
        if several:
            self._check_that_all_begin_alike()

    def _check_that_all_begin_alike(self) -> None:
        step = int(keras.ops.convert_to_numpy(self.model.optimizer.iterations))
        if not all_have(self._strategy, self._current_epoch, step):
            raise ValueError(
                "`backup_dir` must be a folder that all machines see. Received: "
                f"{str(self._of_all)!r}, by which this machine would begin at epoch "
                f"{self._current_epoch}, step {step}, and another elsewhere"
            )

    def _save_model(self) -> None:
        """Tells beside the weights which they are: Keras writes two files, one after the other."""
        super()._save_model()
        tell_weights(Path(self._weights_path), Path(self._training_metadata_path))


def _own(of_all: Path, resolver: tf.distribute.cluster_resolver.ClusterResolver) -> Path:
    """Where a machine that is not the first has its copy, which the next job on it removes."""
    told = f"{of_all.absolute()} {resolver.task_type} {resolver.task_id}"
    name = f"dg_keras-backup-{hashlib.sha256(told.encode()).hexdigest()[:16]}"
    return Path(tempfile.gettempdir()) / name
