"""What several machines would each write to the same file."""

from types import SimpleNamespace

import pytest
import tensorflow as tf

import dg_keras
from dg_keras.callbacks._check_of_one_machine import check_of_one_machine
from tests.nets import domains


class Machines(tf.distribute.MultiWorkerMirroredStrategy):
    """Some machines, without a cluster."""

    def __init__(self, number):
        self.number = number

    @property
    def cluster_resolver(self):
        workers = [f"machine{i}:1" for i in range(self.number)]
        cluster = tf.train.ClusterSpec({"worker": workers} if workers else {})
        return tf.distribute.cluster_resolver.SimpleClusterResolver(cluster)


@pytest.mark.parametrize(
    "make",
    [
        lambda backup: dg_keras.callbacks.WeightAveraging(start=1, backup=backup),
        lambda backup: dg_keras.callbacks.SourceSelection(domains(), backup=backup),
    ],
)
def test_a_backup_of_several_machines_is_refused(tmp_path, make):
    callback = make(tmp_path / "kept.npz")
    callback.set_model(SimpleNamespace(distribute_strategy=Machines(2)))
    with pytest.raises(ValueError, match="`backup` must be None where several machines"):
        callback.on_train_begin()


@pytest.mark.parametrize("machines", [0, 1])
def test_one_machine_may_keep_one(tmp_path, machines):
    model = SimpleNamespace(distribute_strategy=Machines(machines))
    check_of_one_machine(model, tmp_path / "kept.npz")
