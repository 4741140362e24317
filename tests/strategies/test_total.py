"""Sums over very many components."""

import numpy as np
import pytest
import tensorflow as tf

from dg_keras.strategies.total import FEW, total


@pytest.mark.parametrize("size", [0, 1, 17, FEW - 1, FEW, 16 * FEW + 5, 17 * FEW + 1])
@pytest.mark.parametrize("jit_compile", [False, True])
def test_is_the_sum(size, jit_compile):
    rng = np.random.default_rng(size)
    x, y = rng.normal(size=(2, size)).astype("float32")
    traced = tf.function(lambda x, y: total(tf.multiply, x, y), jit_compile=jit_compile)
    expected = np.dot(x.astype("float64"), y.astype("float64"))
    assert traced(x, y).numpy() == pytest.approx(expected, abs=1e-6 * max(size, 1))


def test_loses_no_digits():
    ones = tf.ones([2**13, 2**12 + 1])
    summed = tf.function(lambda t: total(tf.identity, t), jit_compile=True)(ones)
    assert float(summed) == pytest.approx(2**13 * (2**12 + 1), rel=1e-6)


def test_counts_integers_exactly():
    ones = tf.ones([2**13, 2**12 + 1], tf.int32)
    assert int(total(tf.identity, ones)) == 2**13 * (2**12 + 1)
