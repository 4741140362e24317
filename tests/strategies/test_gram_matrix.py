"""Inner products of gradients, whatever the sizes of the variables."""

import numpy as np
import pytest
import tensorflow as tf

from dg_keras.strategies.gram_matrix import _by_size, gram_matrix
from dg_keras.strategies.totals import FEW

SIZES = [FEW - 1, 2, FEW, 3, FEW - 1, 0, FEW + 5]


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("sizes", [SIZES, [0, 0], [1], [FEW]])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_are_those_of_numpy(sizes, dtype, jit_compile):
    rng = np.random.default_rng(0)
    gradients = [[rng.normal(size=size).astype(dtype) for size in sizes] for _ in range(3)]
    given = [[tf.constant(v) for v in gradient] for gradient in gradients]
    gram = tf.function(gram_matrix, jit_compile=jit_compile)(given)
    flat = np.stack([np.concatenate(gradient).astype("float64") for gradient in gradients])
    scale = max(np.abs(flat @ flat.T).max(), 1)
    np.testing.assert_allclose(gram / scale, flat @ flat.T / scale, atol=1e-6)


def test_small_variables_are_taken_together_up_to_the_size_of_a_large_one():
    variables = [tf.zeros([size]) for size in SIZES]
    assert _by_size(variables) == ([2, 6], [[0], [1, 3], [4, 5]])


def test_a_variable_of_unknown_size_is_taken_by_itself():
    @tf.function(input_signature=[tf.TensorSpec([None])])
    def of_one(variable):
        return gram_matrix([[variable, tf.ones([2])], [2 * variable, tf.ones([2])]])

    np.testing.assert_allclose(of_one(tf.constant([3.0])), [[11, 20], [20, 38]])
