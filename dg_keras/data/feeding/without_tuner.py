"""Datasets whose iteration ends when it ends."""

import tensorflow as tf


def without_tuner(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Turns off the thread that tunes a dataset's parallelism and buffers as it is read.

    In TensorFlow 2.21 that thread sleeps between its rounds, 10 ms, 20 ms, 40 ms and so on up to a
    minute. Whoever ends an iteration wakes it a moment before it can see why, and waits for it
    where it is quick enough to fall asleep again, as on busy cores: `fit`, `evaluate` and `predict`
    return after the next of 2.55, 5.11, 10.23, ... seconds. `tf.data.AUTOTUNE` then stands for all
    cores.

    Args:
        dataset: A dataset that is complete: the option holds for all that it is made of.

    Returns:
        The same elements.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)
