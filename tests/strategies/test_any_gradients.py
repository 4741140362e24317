"""What holds of the strategies for any gradients: 1 to 8 domains, zeros, denormals, infinities."""

import functools

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dg_keras import strategies
from tests.strategies.cases import ALL, FREE_OF_ORDER
from tests.strategies.reference import flatten

LARGEST = 2.0**108  # sums over all domains and components, and weighted ones, are in range
every_strategy = pytest.mark.parametrize("strategy", ALL, ids=repr)
any_example = hypothesis.settings(deadline=None, derandomize=True, max_examples=12, database=None)


@st.composite
def gradients(draw, most=8, **floats):
    """A list over the domains of lists over variables."""
    shapes = draw(st.lists(hnp.array_shapes(min_dims=0, max_dims=3, max_side=3), max_size=3))
    values = st.floats(width=32, **floats)
    if floats.get("allow_subnormal") is False:  # nor when it is scaled
        values = values.map(lambda value: value if abs(value) > 2.0**-100 else 0.0)
    domains = draw(st.integers(1, most))
    # The fill makes long runs of one value, zeros among them.
    return [
        [draw(hnp.arrays("float32", shape, elements=values)) for shape in shapes]
        for _ in range(domains)
    ]


small = functools.partial(gradients, min_value=-LARGEST, max_value=LARGEST)
ordinary = functools.partial(
    gradients, min_value=-(2.0**20), max_value=2.0**20, allow_subnormal=False
)


def merged(strategy, given):
    return flatten(strategy(given)) if given[0] else np.zeros(0, "float32")


def scale_of(given):
    return max([1e-30, *(np.abs(g).max(initial=0) for gradient in given for g in gradient)])


@every_strategy
@any_example
@hypothesis.given(given=small())
def test_finite_in_finite_out(strategy, given):
    assert np.isfinite(merged(strategy, given)).all()


@every_strategy
@any_example
@hypothesis.given(
    given=small(), where=st.integers(0), what=st.sampled_from([np.inf, -np.inf, np.nan])
)
def test_what_is_not_finite_is_seen(strategy, given, where, what):
    components = [(g, i) for gradient in given for g in gradient for i in np.ndindex(g.shape)]
    hypothesis.assume(components)
    array, index = components[where % len(components)]
    array[index] = what
    assert not np.isfinite(merged(strategy, given)).all()


@every_strategy
@any_example
@hypothesis.given(given=ordinary(), power=st.integers(-20, 20))
def test_what_is_scaled_comes_out_scaled(strategy, given, power):
    scaled = [[g * np.float32(2.0**power) for g in gradient] for gradient in given]
    expected = merged(strategy, given) * 2.0**power
    tolerance = 1e-6 * scale_of(scaled)
    np.testing.assert_allclose(merged(strategy, scaled), expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("strategy", FREE_OF_ORDER, ids=repr)
@any_example
@hypothesis.given(given=ordinary(), data=st.data())
def test_the_order_of_the_domains_is_no_matter(strategy, given, data):
    other = data.draw(st.permutations(given))
    tolerance = 1e-5 * scale_of(given)
    np.testing.assert_allclose(
        merged(strategy, other), merged(strategy, given), rtol=0, atol=tolerance
    )


@any_example
@hypothesis.given(given=ordinary(most=2))
def test_of_two_domains_pcgrad_draws_no_order(given):
    strategy, tolerance = strategies.PCGrad(seed=3), 1e-5 * scale_of(given)
    np.testing.assert_allclose(
        merged(strategy, given[::-1]), merged(strategy, given), rtol=0, atol=tolerance
    )


@pytest.mark.parametrize("strategy", [strategies.Mean(), strategies.AgrSum()], ids=repr)
@any_example
@hypothesis.given(given=ordinary(most=1))
def test_one_domain_is_taken_as_it_is(strategy, given):
    np.testing.assert_array_equal(merged(strategy, given), flatten(given[0]) if given[0] else [])
