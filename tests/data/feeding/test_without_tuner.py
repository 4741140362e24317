"""Datasets that end when they end."""

import numpy as np
import tensorflow as tf

from dg_keras.data import interleave, without_tuner


def test_keeps_the_elements():
    numbers = tf.data.Dataset.range(5).map(lambda n: 2 * n, tf.data.AUTOTUNE)
    assert list(without_tuner(numbers).as_numpy_iterator()) == [0, 2, 4, 6, 8]


def test_ours_have_no_tuner(styleshift):
    arrays = [(np.zeros((4, 2)), np.zeros(4))] * 2
    ours = [interleave(arrays, 2), interleave(styleshift.train, 2)]
    for dataset in [*ours, styleshift.validation, styleshift.test]:
        assert dataset.options().autotune.enabled is False
