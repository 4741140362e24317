"""Normal draws made of integers."""

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from dg_keras.strategies.randomness import hashed, normal, to_normal


def stateless_seed(seed, step):
    return tf.constant([seed, step], tf.int64)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_every_integer_gives_a_finite_normal(jit_compile):
    tails = np.arange(2**20, dtype=np.int64)
    integers = np.concatenate([tails, 2**32 - 1 - tails, tails + 2**31 - 2**19]).astype("uint32")
    draws = tf.function(to_normal, jit_compile=jit_compile, autograph=False)(integers).numpy()
    expected = scipy.stats.norm.ppf((np.floor(integers / 2.0**9) + 0.5) * 2.0**-23)
    assert np.isfinite(draws).all()
    np.testing.assert_allclose(draws, expected, rtol=2e-4, atol=1e-6)


@pytest.mark.parametrize("seed", [0, 1, 2**40])
def test_draws_are_standard_normal(seed):
    draws = normal([100_000], stateless_seed(seed, 3)).numpy()
    assert scipy.stats.kstest(draws, "norm").pvalue > 1e-3


class TestHashed:
    """The integers that noise is made of."""

    number = 2**16

    def bits(self, seed=0, step=0):
        words = hashed(self.number, stateless_seed(seed, step)).numpy()
        return np.unpackbits(words.view("uint8")).reshape(self.number, 32)

    def test_every_bit_is_a_fair_coin(self):
        # Six standard deviations of 32 coins that are tossed so often.
        assert np.abs(self.bits().mean(axis=0) - 0.5).max() < 3 / np.sqrt(self.number)

    @pytest.mark.parametrize("lag", [1, 2, 16, 4096])
    def test_places_do_not_depend_on_one_another(self, lag):
        bits = self.bits()
        differs = bits[lag:, :, None] ^ bits[:-lag, None, :]
        assert np.abs(differs.mean(axis=0) - 0.5).max() < 3.5 / np.sqrt(self.number)

    def test_seeds_and_steps_do_not_depend_on_one_another(self):
        for other in [self.bits(step=1), self.bits(seed=1), self.bits(seed=2**40)]:
            assert np.abs((self.bits() ^ other).mean(axis=0) - 0.5).max() < 3 / np.sqrt(self.number)

    def test_graph_and_xla_make_the_same(self):
        for jit_compile in (False, True):
            traced = tf.function(
                lambda: hashed(self.number, stateless_seed(3, 5)), jit_compile=jit_compile
            )
            np.testing.assert_array_equal(traced(), hashed(self.number, stateless_seed(3, 5)))
