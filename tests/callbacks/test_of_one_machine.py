"""What several machines would each write to the same file."""

import pytest
import tensorflow as tf

import dg_keras
from tests.nets import alexnet_like, compiled, domains


class Machines(tf.distribute.MultiWorkerMirroredStrategy):
    """Several machines, without a cluster."""

    def __init__(self):
        pass


@pytest.mark.parametrize(
    "make",
    [
        lambda backup: dg_keras.callbacks.WeightAveraging(0, backup=backup),
        lambda backup: dg_keras.callbacks.SourceSelection(domains(), backup=backup),
    ],
)
def test_a_backup_of_several_machines_is_refused(tmp_path, monkeypatch, make):
    callback = make(tmp_path / "kept.npz")
    callback.set_model(compiled(dg_keras.DomainGeneralizer(alexnet_like(), domains=3)))
    monkeypatch.setattr(dg_keras.DomainGeneralizer, "distribute_strategy", Machines())
    with pytest.raises(ValueError, match="`backup` must be None where several machines"):
        callback.on_train_begin()
