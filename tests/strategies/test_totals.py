"""Sums over very many components."""

import numpy as np
import pytest
import tensorflow as tf

from dg_keras.strategies.totals import FEW, totals


def _product_and_first(x, y):
    return [x * y, x]


@pytest.mark.parametrize("size", [0, 1, 17, FEW - 1, FEW, FEW + 1, 3 * FEW // 2, 8 * FEW + 5])
@pytest.mark.parametrize("jit_compile", [False, True])
def test_are_the_sums(size, jit_compile):
    rng = np.random.default_rng(size)
    x, y = rng.normal(size=(2, size)).astype("float32")
    x[-5:] = 1000  # what fills no block is more than the tolerance
    y[-5:] = 1000
    traced = tf.function(lambda x, y: totals(_product_and_first, x, y), jit_compile=jit_compile)
    product, first = traced(x, y)
    x, y = x.astype("float64"), y.astype("float64")
    assert product.numpy() == pytest.approx(np.dot(x, y), rel=1e-6, abs=1e-6 * max(size, 1))
    assert first.numpy() == pytest.approx(x.sum(), rel=1e-6, abs=1e-6 * max(size, 1))


def test_lose_no_digits():
    ones = tf.ones([2**13, 2**12 + 1])
    (summed,) = tf.function(lambda t: totals(lambda x: [x], t), jit_compile=True)(ones)
    assert float(summed) == pytest.approx(2**13 * (2**12 + 1), rel=1e-6)


def test_count_integers_exactly():
    ones = tf.ones([2**13, 2**12 + 1], tf.int32)
    (counted,) = totals(lambda x: [x], ones)
    assert int(counted) == 2**13 * (2**12 + 1)


def test_takes_no_blocks_where_there_is_a_gpu(monkeypatch):
    def operations():
        traced = tf.function(lambda t: totals(lambda x: [x], t)).get_concrete_function(
            tf.TensorSpec([2 * FEW], tf.float32)
        )
        return {operation.type for operation in traced.graph.get_operations()}

    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: [])
    on_a_cpu = operations()
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: [kind])
    assert "StatelessWhile" in on_a_cpu
    assert operations().isdisjoint({"While", "StatelessWhile"})
