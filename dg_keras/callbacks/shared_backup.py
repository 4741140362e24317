"""Going on where a job of several machines was broken off."""

import hashlib
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from dg_keras.common.write_whole import write_whole
from dg_keras.step.replicas import is_of_many_machines

_DIGEST = "weights"


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
        self._is_first = _is_first(strategy.cluster_resolver)
        own = self._of_all if self._is_first else _own(self._of_all, strategy.cluster_resolver)
        super().__init__(str(own), double_checkpoint=double_checkpoint, **kwargs)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Restores the first machine's backup, if there is one.

        Raises:
            ValueError: If the machines do not begin from the same one.
        """
        several = is_of_many_machines(self._strategy)
        if several:  # the first one may have to remove that of the `fit` before
            _all_have(self._strategy, 0)
        if not self._is_first:
            shutil.rmtree(self.backup_dir, ignore_errors=True)  # of a job that was broken off
            if self._of_all.is_dir():
                shutil.copytree(self._of_all, self.backup_dir)
        if several:  # the first one may have nothing left to train, and then removes it
            _all_have(self._strategy, 0)
        _put_right(Path(self.backup_dir))
        super().on_train_begin(logs)
        # Keras would tell a backup in the midst of this epoch that it is of the first.
        self._current_epoch = self.model._initial_epoch or 0
        step = int(keras.ops.convert_to_numpy(self.model.optimizer.iterations))
        if several and not _all_have(self._strategy, self._current_epoch, step):
            raise ValueError(
                "`backup_dir` must be a folder that all machines see. Received: "
                f"{str(self._of_all)!r}, by which this machine would begin at epoch "
                f"{self._current_epoch}, step {step}, and another elsewhere"
            )

    def _save_model(self) -> None:
        """Tells beside the weights which they are: Keras writes two files, one after the other."""
        super()._save_model()
        _tell(Path(self._weights_path), Path(self._training_metadata_path))


def _put_right(folder: Path) -> None:
    """Takes the backup before the last, where the last was not wholly written."""
    names = ("latest.weights.h5", "training_metadata.json")
    last, before = [[folder / f"{name}{end}" for name in names] for end in ("", ".bkp")]
    if _is_whole(*last):
        _tell(*last)  # which it does not yet where Keras alone wrote it
    elif _is_whole(*before):
        for path, former in zip(last, before, strict=True):
            shutil.copy(former, path)
    else:
        for path in last:
            path.unlink(missing_ok=True)


def _tell(weights: Path, metadata: Path) -> None:
    """Writes the digest of the weights into the metadata."""
    told = json.loads(metadata.read_bytes())
    write_whole(metadata, json.dumps({**told, _DIGEST: _digest(weights)}).encode())


def _is_whole(weights: Path, metadata: Path) -> bool:
    """Whether both are of the same moment."""
    if not (weights.exists() and metadata.exists()):
        return False
    try:
        told = json.loads(metadata.read_bytes())
    except ValueError:  # it was being written
        return False
    # Keras writes it after the weights; that they are these is told a moment later.
    return _DIGEST not in told or told[_DIGEST] == _digest(weights)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _own(of_all: Path, resolver: tf.distribute.cluster_resolver.ClusterResolver) -> Path:
    """Where a machine that is not the first has its copy, which the next job on it removes."""
    told = f"{of_all.absolute()} {resolver.task_type} {resolver.task_id}"
    name = f"dg_keras-backup-{hashlib.sha256(told.encode()).hexdigest()[:16]}"
    return Path(tempfile.gettempdir()) / name


def _all_have(strategy: tf.distribute.Strategy, *numbers: int) -> bool:
    """Whether all machines, for which it waits, have the same numbers."""
    own = tf.constant([numbers, [number**2 for number in numbers]], tf.float64)

    def mean() -> tf.Tensor:
        context = tf.distribute.get_replica_context()
        return context.all_reduce(tf.distribute.ReduceOp.SUM, own) / context.num_replicas_in_sync

    (of_all, *_) = strategy.experimental_local_results(strategy.run(tf.function(mean)))
    first, second = of_all.numpy()
    return bool((second == first**2).all())  # no variance


def _is_first(resolver: tf.distribute.cluster_resolver.ClusterResolver | None) -> bool:
    """Whether this is the machine that TensorFlow calls the chief."""
    if resolver is None or not resolver.task_type:
        return True
    if resolver.task_type == "chief":
        return True
    is_led = "chief" in resolver.cluster_spec().jobs
    return resolver.task_type == "worker" and resolver.task_id == 0 and not is_led
