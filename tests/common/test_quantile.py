"""Quantiles against NumPy's, in a graph and under XLA."""

import numpy as np
import pytest
import tensorflow as tf

from dg_keras.common.quantile import quantile

RNG = np.random.default_rng(0)
VALUES = {
    "normal": RNG.normal(size=(6, 40)),
    "with equals": np.round(RNG.normal(size=(6, 40))),
    "all equal": np.zeros((2, 5)),
    "one": RNG.normal(size=(3, 1)),
    "of all magnitudes": RNG.normal(size=(4, 30)) * 10.0 ** RNG.integers(-30, 30, size=(4, 30)),
}
CALLS = {jit: tf.function(quantile, jit_compile=jit) for jit in (False, True)}


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("name", VALUES)
def test_it_is_that_of_numpy(name, jit_compile):
    values = VALUES[name].astype("float32")
    for share in (0.1, 1 / 3, 0.5, 0.75, 0.9):
        expected = np.quantile(values.astype(float), share, axis=1)
        # As a tensor, so that it is compiled once for all that have a shape.
        found = CALLS[jit_compile](tf.constant(values), tf.constant(share, tf.float32))
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-30)


def test_it_has_no_dynamic_shape_under_xla():
    call = tf.function(lambda values: quantile(values, 0.5), jit_compile=True)
    made = call.experimental_get_compiler_ir(tf.ones([4, 9]))(stage="hlo")
    assert "set-dimension-size" not in made
