"""A backup that was broken off is none: the one before is taken."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

import dg_keras
from tests.nets import alexnet_like, compiled, domains


class Ends(keras.callbacks.Callback):
    """Ends training as a kill would, in the third epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2:
            raise KeyboardInterrupt


def fit(folder, *callbacks, **arguments):
    """A model, and how many epochs it was trained now."""
    keras.utils.set_random_seed(0)
    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    model = compiled(dg_keras.DomainGeneralizer(alexnet_like(), seed=1))
    backup = dg_keras.callbacks.SharedBackup(folder, strategy, **arguments)
    history = model.fit(
        domains(),
        batch_size=4,
        epochs=3,
        steps_per_epoch=2,
        callbacks=[backup, *callbacks],
        verbose=0,
    )
    return model.get_weights(), len(history.epoch)


def no_metadata(folder):
    """As the end of the first epoch leaves it, when a kill comes between the two files."""
    for name in ("training_metadata.json", "latest.weights.h5.bkp", "training_metadata.json.bkp"):
        (folder / name).unlink()


def old_metadata(folder):
    """As the end of the second epoch leaves it, when a kill comes between the two files."""
    (folder / "training_metadata.json.bkp").replace(folder / "training_metadata.json")
    (folder / "training_metadata.json.bkp").write_bytes(
        (folder / "training_metadata.json").read_bytes()
    )


def half(name):
    """A file that was being written."""

    def cut(folder):
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: len(content) // 2])

    return cut


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    weights, _ = fit(tmp_path_factory.mktemp("undisturbed") / "backup")
    return weights


@pytest.mark.parametrize(
    ("broken", "epochs"),
    [
        (lambda folder: None, 1),
        (old_metadata, 2),
        (half("training_metadata.json"), 2),
        (half("latest.weights.h5"), 2),
        (no_metadata, 3),
    ],
    ids=["whole", "old metadata", "half of the metadata", "half of the weights", "no metadata"],
)
def test_training_ends_as_if_undisturbed(tmp_path, undisturbed, broken, epochs):
    folder = tmp_path / "backup"
    with pytest.raises(KeyboardInterrupt):
        fit(folder, Ends())
    broken(folder)
    weights, trained = fit(folder)
    assert trained == epochs
    for ours, theirs in zip(weights, undisturbed, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_backup_that_is_being_put_right_is_not_lost(tmp_path):
    folder = tmp_path / "backup"
    with pytest.raises(KeyboardInterrupt):
        fit(folder, Ends())
    for name in ("training_metadata.json", "latest.weights.h5"):
        (folder / name).unlink()
    assert fit(folder)[1] == 2


def test_an_address_is_refused():
    with pytest.raises(ValueError, match=r"`backup_dir` must be a folder .* Received: 'gs://a/b'"):
        dg_keras.callbacks.SharedBackup("gs://a/b", tf.distribute.get_strategy())


def test_a_backup_of_keras_is_taken(tmp_path):
    folder = tmp_path / "backup"
    with pytest.raises(KeyboardInterrupt):
        fit(folder, Ends())
    path = folder / "training_metadata.json"
    told = json.loads(path.read_text(encoding="utf-8"))
    del told["weights"]  # which Keras does not write
    path.write_text(json.dumps(told), encoding="utf-8")
    assert fit(folder)[1] == 1


@pytest.mark.parametrize("is_shared", [True, False])
def test_a_fit_after_one_that_went_on_has_all_its_epochs(tmp_path, is_shared):
    """Keras' models remember the epoch at which a `fit` went on, and begin the next there."""
    folder = tmp_path / "backup"

    def backup():
        if not is_shared:
            return keras.callbacks.BackupAndRestore(folder)
        return dg_keras.callbacks.SharedBackup(folder, tf.distribute.get_strategy())

    arguments = {"batch_size": 4, "steps_per_epoch": 2, "epochs": 3, "verbose": 0}
    model = compiled(dg_keras.DomainGeneralizer(alexnet_like(), seed=1))
    with pytest.raises(KeyboardInterrupt):
        model.fit(domains(), callbacks=[backup(), Ends()], **arguments)
    assert model.fit(domains(), callbacks=[backup()], **arguments).epoch == [2]
    assert model.fit(domains(), callbacks=[backup()], **arguments).epoch == [0, 1, 2]
    assert model.fit(domains(), initial_epoch=1, **arguments).epoch == [1, 2]
