"""Shares of groups of domains add up to the merge of all domains."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from dg_keras import strategies
from dg_keras.strategies.agreement import CONFLICT
from dg_keras.strategies.votes import WORD, bits, packed, unpacked

FOLDS = [
    strategies.Mean(),
    strategies.AgrSum(),
    strategies.AgrRand(seed=1),
    strategies.AgrRand(seed=1, zero_agrees=False),
    strategies.AndMask(tau=0.6),
]


def gradients(domains):
    """Gradients of few values, so that signs often agree, in variables of several shapes."""
    rng = np.random.default_rng(domains)
    values = np.array([-1.0, -0.5, 0.0, 0.5, 1.0, 2.0], "float32")
    return [
        [tf.constant(rng.choice(values, size=shape)) for shape in ((7,), (3, 5), (1,))]
        for _ in range(domains)
    ]


def shares(strategy, groups, step):
    """Each group's share; what they sum is summed once all have asked for it."""
    states = [strategy.fold(group) for group in groups]
    summed = []
    while True:
        asked = [[] for _ in groups]

        def asks(of_group):
            def all_sum(values):
                of_group.append(values)
                number = len(of_group) - 1
                return summed[number] if number < len(summed) else values

            return all_sum

        made = [
            strategy.share(state, asks(of_group), len(groups), step)
            for state, of_group in zip(states, asked, strict=True)
        ]
        if len(asked[0]) == len(summed):
            return made
        last = [of_group[len(summed)] for of_group in asked]
        summed.append(tf.nest.map_structure(lambda *values: tf.add_n(values), *last))


@pytest.mark.parametrize("strategy", FOLDS, ids=str)
@pytest.mark.parametrize(("domains", "groups"), [(2, 2), (3, 2), (5, 4), (8, 3)])
def test_they_add_up(strategy, domains, groups):
    of_domains = gradients(domains)
    of_groups = [of_domains[group::groups] for group in range(groups)]
    made = zip(*shares(strategy, of_groups, step=4), strict=True)
    for share, merged in zip(made, strategy(of_domains, 4), strict=True):
        np.testing.assert_allclose(tf.add_n(share), merged, rtol=1e-5, atol=1e-6)


def test_what_is_not_finite_is_in_them():
    of_domains = [[tf.constant([1.0, np.nan])], [tf.constant([1.0, 2.0])]]
    first, second = shares(strategies.AgrSum(), [of_domains[:1], of_domains[1:]], 0)
    np.testing.assert_array_equal(tf.add_n([first[0], second[0]]), [2.0, np.nan])


@pytest.mark.parametrize("groups", [2, 3, 15, 16, 256])
def test_votes_tell_what_all_share(groups):
    votes = [-1, 0, 1, CONFLICT]
    # All groups but one alike, and any other: each pair of votes that may meet.
    pairs = np.array(list(itertools.product(votes, votes)), "int8").T
    first, others = (tf.constant(row) for row in pairs)
    total = packed(first, CONFLICT, groups) + (groups - 1) * packed(others, CONFLICT, groups)
    expected = np.where((pairs[0] == pairs[1]) & (pairs[0] != CONFLICT), pairs[0], CONFLICT)
    np.testing.assert_array_equal(unpacked(total, first, CONFLICT, groups), expected)


def test_votes_take_few_bits():
    assert [bits(groups) for groups in (2, 4, 15, 254)] == [4, 5, 8, 16]
    sign = tf.zeros([1000], tf.int8)
    assert packed(sign, CONFLICT, 2).shape == [-(-1000 // (WORD // 4))]
