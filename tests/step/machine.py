"""One of the machines of a job that trains one model: a process that TF_CONFIG tells the others.

    python -m tests.step.machine FOLDER [--dies BATCH] [--first] [--nan] [--own]

The job's backup is in FOLDER, and in the end the first machine's weights. With `--dies` the second
machine, or the first, is killed before that batch of the third epoch; with `--nan` the second meets
one in a step, and with `--own` it looks for the backup in a folder of its own.
"""

import argparse
import json
import os
import signal
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

import dg_keras
from tests.nets import alexnet_like, compiled, domains

STEPS = 4
EPOCHS = 4
NAN_STEP = 3


class Dies(keras.callbacks.Callback):
    """Kills the process in the third epoch."""

    def __init__(self, batch):
        super().__init__()
        self.at = (2, batch)
        self.epoch = 0

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_begin(self, batch, logs=None):
        if (self.epoch, batch) == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


def main(folder, dies, dies_first, has_nan, has_own):
    """Trains, and tells what it came to."""
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    is_first = strategy.cluster_resolver.task_id == 0
    given = domains()
    if has_nan:  # in the last sample of a later step's batch of a domain, which is the second's
        seen = next(iter(dg_keras.data.interleave(given, 8, seed=1).skip(NAN_STEP)))[0].numpy()
        last = seen.reshape(8, 3, -1)[-1, 1]
        rows = given["cartoon"][0]
        rows[(rows.reshape(len(rows), -1) == last).all(axis=1)] = np.nan
    with strategy.scope():
        model = dg_keras.DomainGeneralizer(alexnet_like(dropout=0.3), seed=1)
        compiled(model, keras.optimizers.AdamW(1e-3), jit_compile=False)
    backup = folder / ("own" if has_own and not is_first else "backup")
    callbacks = [dg_keras.callbacks.SharedBackup(backup, strategy)]
    if dies is not None and is_first == dies_first:
        callbacks.append(Dies(dies))
    try:
        history = model.fit(
            given,
            batch_size=8,
            epochs=EPOCHS,
            steps_per_epoch=STEPS,
            validation_data=given,
            callbacks=callbacks,
            verbose=0,
        )
    except dg_keras.NonfiniteError as error:
        print(json.dumps({"step": error.step, "domain": error.domain}))
        return
    print(json.dumps(history.history))
    if is_first:
        np.savez(folder / "weights.npz", *model.get_weights())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dies", type=int)
    parser.add_argument("--first", action="store_true")
    parser.add_argument("--nan", action="store_true")
    parser.add_argument("--own", action="store_true")
    told = parser.parse_args()
    main(told.folder, told.dies, told.first, told.nan, told.own)
