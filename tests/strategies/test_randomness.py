"""Normal draws made of integers."""

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from dg_keras.strategies.randomness import normal, stateless_seed, to_normal


@pytest.mark.parametrize("jit_compile", [False, True])
def test_every_integer_gives_a_finite_normal(jit_compile):
    tails = np.arange(2**20, dtype=np.int64)
    integers = np.concatenate([tails - 2**31, 2**31 - 1 - tails, tails - 2**19]).astype("int32")
    draws = tf.function(to_normal, jit_compile=jit_compile, autograph=False)(integers).numpy()
    expected = scipy.stats.norm.ppf((np.floor(integers / 2.0**9) + 0.5) * 2.0**-23 + 0.5)
    assert np.isfinite(draws).all()
    np.testing.assert_allclose(draws, expected, rtol=2e-4, atol=1e-6)


@pytest.mark.parametrize("seed", [0, 1, 2**40])
def test_draws_are_standard_normal(seed):
    draws = normal([100_000], stateless_seed(seed, 3)).numpy()
    assert scipy.stats.kstest(draws, "norm").pvalue > 1e-3
