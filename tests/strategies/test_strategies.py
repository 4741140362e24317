"""The strategies against the equations, and the properties that all of them share."""

import dataclasses
import pickle

import keras
import numpy as np
import pytest
import tensorflow as tf

from dg_keras import strategies
from dg_keras.strategies.random_order import random_order
from dg_keras.strategies.totals import FEW
from tests.strategies import cases, reference
from tests.strategies.cases import ALL

# What is left of gradients that nearly cancel has few digits, and CAGrad makes it as long as any.
DIGITS = {strategies.CAGrad(): 2e-5}

every_strategy = pytest.mark.parametrize("strategy", ALL, ids=repr)
every_case = pytest.mark.parametrize("kind", cases.KINDS, ids=lambda kind: kind.__name__)
every_number = pytest.mark.parametrize("domains", [2, 3, 4, 5])


def merged(strategy, gradients, step=0):
    return reference.flatten(strategy(gradients, step))


def assert_close(actual, expected, gradients):
    scale = max(1.0, np.abs(expected).max(initial=0), np.abs(reference.flatten(gradients[0])).max())
    np.testing.assert_allclose(actual / scale, expected / scale, rtol=0, atol=1e-6)


@every_number
@every_case
def test_mean_is_the_mean(domains, kind):
    gradients = kind(domains, seed=domains)
    assert_close(merged(strategies.Mean(), gradients), reference.mean(gradients), gradients)


@every_number
@every_case
def test_agr_sum_is_equation_2(domains, kind):
    gradients = kind(domains, seed=domains)
    assert_close(merged(strategies.AgrSum(), gradients), reference.agr_sum(gradients), gradients)


@every_number
@every_case
@pytest.mark.parametrize("zero_agrees", [True, False])
def test_agr_rand_keeps_what_agrees(domains, kind, zero_agrees):
    gradients = kind(domains, seed=domains)
    agrees = reference.agreement(gradients, zero_agrees)
    result = merged(strategies.AgrRand(seed=5, zero_agrees=zero_agrees), gradients)
    expected = np.where(agrees, reference.agr_sum(gradients), result)
    assert_close(result, expected, gradients)
    noise = result[~agrees]
    if reference.sigma(gradients, zero_agrees) == 0:
        assert (noise == 0).all()
    else:
        assert (noise != 0).all()
        assert len(np.unique(noise)) == noise.size


@every_number
@every_case
@pytest.mark.parametrize("step", [0, 1, 7])
def test_pcgrad_is_algorithm_1(domains, kind, step):
    gradients = kind(domains, seed=domains)
    strategy = strategies.PCGrad(seed=11)
    order = random_order(domains, strategy.key(step)).numpy()
    assert [sorted([i, *others]) for i, others in enumerate(order)] == [
        list(range(domains))
    ] * domains
    assert_close(merged(strategy, gradients, step), reference.pcgrad(gradients, order), gradients)


# Powers of two of each domain's magnitude: squares that overflow, that underflow, and both.
MAGNITUDES = [
    [100, 100, 100],
    [64, 0, 0],
    [-80, -80, -80],
    [0, -80, 0],
    [100, 100, -10],
    [50, -50, 0],
]


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("powers", MAGNITUDES, ids=str)
def test_pcgrad_is_algorithm_1_of_any_magnitudes(powers, compiled):
    gradients = [
        [np.float32(2.0**power) * g for g in gradient]
        for power, gradient in zip(powers, cases.opposite(3, seed=4), strict=True)
    ]
    strategy = strategies.PCGrad(seed=11)
    expected = reference.pcgrad(gradients, random_order(3, strategy.key(0)).numpy())
    merge = tf.function(strategy, jit_compile=True) if compiled else strategy
    result = reference.flatten(merge(gradients, tf.constant(0)))
    # Of the largest gradient, which may be projected to little more than rounding leaves of it.
    scale = 2.0 ** max(powers)
    np.testing.assert_allclose(result / scale, expected / scale, rtol=0, atol=3e-6)


@pytest.mark.parametrize("size", [1e-25, 1e25])
def test_pcgrad_sees_conflict_in_large_variables(size):
    ones = np.full(FEW + 3, size, "float32")
    gradients = [[ones, ones[:2]], [-ones, -ones[:2]]]
    for merged in strategies.PCGrad()(gradients):
        assert np.abs(merged.numpy() / size).max() < 1e-6


def test_pcgrad_has_no_dynamic_shapes():
    """For which XLA would draw the noise of the whole step several times."""
    specs = [[tf.TensorSpec([5], tf.float32)] for _ in range(3)]
    traced = tf.function(strategies.PCGrad()).get_concrete_function(specs, 0)
    kinds = {operation.type for operation in traced.graph.get_operations()}
    assert "StatelessRandomUniformFullIntV2" in kinds
    assert kinds.isdisjoint({"TopK", "TopKV2", "Where", "Unique", "UniqueV2"})


HAND_WORKED = [
    (strategies.Mean(), [[1.0, -2.0, 0.0, 0.0]], [[3.0, 2.0, 0.0, 4.0]], [2.0, 0.0, 0.0, 2.0]),
    (strategies.AgrSum(), [[1.0, -2.0, 0.0, 0.0]], [[3.0, 2.0, 0.0, 4.0]], [4.0, 0.0, 0.0, 0.0]),
    # Both conflict (inner product -1); |g_1|^2 = 1 and |g_2|^2 = 2.
    (strategies.PCGrad(), [[1.0, 0.0]], [[-1.0, 1.0]], [0.5, 1.5]),
    # No conflict: the plain sum.
    (strategies.PCGrad(), [[1.0, 1.0]], [[0.0, 1.0]], [1.0, 2.0]),
]


@pytest.mark.parametrize(("strategy", "first", "second", "expected"), HAND_WORKED)
def test_cases_worked_by_hand(strategy, first, second, expected):
    np.testing.assert_allclose(strategy([first, second])[0], expected, atol=1e-7)


def test_agreement_of_three_domains_needs_all_three():
    gradients = [[[1.0, 1.0, 0.0, -1.0]], [[1.0, -1.0, 1.0, -2.0]], [[1.0, 1.0, 1.0, -3.0]]]
    np.testing.assert_array_equal(strategies.AgrSum()(gradients)[0], [3.0, 0.0, 0.0, -6.0])


class TestNoise:
    """Agr-Rand's noise: its place, mean, sigma, and what it depends on."""

    components = 200_000

    def gradients(self):
        # The first half agrees; in the second, nothing does. Two variables, to see both noised.
        rng = np.random.default_rng(0)
        agreeing = np.abs(rng.normal(size=self.components)).astype("float32") + 0.1
        conflicting = rng.normal(size=self.components).astype("float32")
        halves = np.split(conflicting, 2)
        return [
            [agreeing, *halves],
            [2 * agreeing, *[-half for half in halves]],
        ]

    def noise(self, seed=0, step=0):
        _, *noised = strategies.AgrRand(seed=seed)(self.gradients(), step)
        return np.concatenate(noised)

    def test_mean_and_sigma_are_of_the_whole_network(self):
        noise = self.noise()
        sigma = reference.sigma(self.gradients())
        assert noise.std() == pytest.approx(sigma, rel=0.02)
        assert abs(noise.mean()) < 4 * sigma / np.sqrt(noise.size)

    def test_is_normal(self):
        noise = self.noise() / reference.sigma(self.gradients())
        assert np.mean(np.abs(noise) < 1) == pytest.approx(0.6827, abs=0.005)
        assert np.mean(np.abs(noise) < 2) == pytest.approx(0.9545, abs=0.003)

    def test_variables_are_noised_independently(self):
        first, second = np.split(self.noise(), 2)
        assert abs(np.corrcoef(first, second)[0, 1]) < 0.02

    def test_depends_on_seed_and_step_alone(self):
        np.testing.assert_array_equal(self.noise(seed=4, step=9), self.noise(seed=4, step=9))
        for seed, step in [(4, 10), (5, 9), (9, 4)]:
            other = self.noise(seed, step)
            assert abs(np.corrcoef(self.noise(seed=4, step=9), other)[0, 1]) < 0.02

    def test_dead_weights_are_left_alone_unless_asked(self):
        gradients = [[[1.0, 0.0, 2.0]], [[1.0, 0.0, -2.0]]]
        assert strategies.AgrRand()(gradients)[0][1] == 0
        assert strategies.AgrRand(zero_agrees=False)(gradients)[0][1] != 0

    def test_sigma_leaves_out_zeros_only_as_the_authors_code_does(self):
        gradients = [[[3.0, 0.0, 0.0, 1.0]], [[3.0, 0.0, 0.0, -1.0]]]
        paper = float(strategies.AgrRand(seed=0)(gradients)[0][3])
        authors = float(strategies.AgrRand(seed=0, zero_agrees=False)(gradients)[0][3])
        assert authors == pytest.approx(3 * paper, rel=1e-6)


@every_strategy
def test_one_domain_is_left_as_it_is(strategy):
    gradients = cases.random(1, seed=0)
    longer = 1 + strategy.c if isinstance(strategy, strategies.CAGrad) else 1
    expected = longer * reference.mean(gradients)
    np.testing.assert_allclose(merged(strategy, gradients), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("strategy", cases.FREE_OF_ORDER, ids=repr)
@every_case
def test_order_of_domains_does_not_matter(strategy, kind):
    gradients = kind(4, seed=2)
    shuffled = [gradients[i] for i in (2, 0, 3, 1)]
    tolerance = DIGITS.get(strategy, 2e-6)
    np.testing.assert_allclose(
        merged(strategy, shuffled), merged(strategy, gradients), rtol=1e-6, atol=tolerance
    )


@every_strategy
@every_case
@pytest.mark.parametrize("factor", [2.0**-10, 2.0**15])
def test_is_positively_homogeneous(strategy, kind, factor):
    gradients = kind(3, seed=1)
    scaled = [[g * np.float32(factor) for g in gradient] for gradient in gradients]
    expected = factor * merged(strategy, gradients)
    np.testing.assert_allclose(merged(strategy, scaled), expected, rtol=1e-5, atol=1e-6 * factor)


@every_strategy
@pytest.mark.parametrize("jit_compile", [False, True])
def test_passes_on_what_is_not_finite(strategy, jit_compile):
    call = tf.function(lambda domains: strategy([[g] for g in domains])[0], jit_compile=jit_compile)
    for value in (np.inf, -np.inf, np.nan):
        # Against both signs and zero: some strategies would drop it where the signs differ.
        for component in range(3):
            domains = np.array([[1, 1, 1, 1], [1, 1, 1, 1], [1, -1, 0, 1]], "float32")
            domains[1, component] = value
            assert not np.isfinite(call(tf.unstack(tf.constant(domains)))).all()


@every_strategy
def test_graph_xla_and_eager_agree(strategy):
    calls = [tf.function(strategy, jit_compile=jit, autograph=False) for jit in (False, True)]
    for kind in cases.KINDS:
        gradients = [[tf.constant(g) for g in gradient[2:]] for gradient in kind(3, seed=6)]
        eager = merged(strategy, gradients, step=8)
        for call in calls:
            traced = reference.flatten(call(gradients, tf.constant(8, tf.int64)))
            tolerance = DIGITS.get(strategy, 2e-6)
            np.testing.assert_allclose(traced, eager, rtol=1e-5, atol=tolerance)


@every_strategy
def test_keeps_structure_and_dtype(strategy):
    gradients = cases.random(3, seed=0)
    for dtype in ("float32", "bfloat16", "float16", "float64"):
        cast = [[tf.cast(g, dtype) for g in gradient] for gradient in gradients]
        result = strategy(cast)
        assert [tuple(g.shape) for g in result] == cases.SHAPES
        assert {g.dtype for g in result} == {tf.as_dtype(dtype)}


@every_strategy
def test_none_is_zero_where_another_domain_has_a_gradient(strategy):
    with_none = [[[1.0, 2.0], None, None], [[1.0, -2.0], [3.0], None]]
    with_zero = [[[1.0, 2.0], [0.0]], [[1.0, -2.0], [3.0]]]
    *result, unused = strategy(with_none)
    assert unused is None
    np.testing.assert_array_equal(reference.flatten(result), merged(strategy, with_zero))


@every_strategy
def test_takes_indexed_slices(strategy):
    dense = [[tf.constant([[1.0], [0.0], [2.0]])], [tf.constant([[1.0], [1.0], [-1.0]])]]
    sparse = tf.IndexedSlices(tf.constant([[1.0], [2.0]]), tf.constant([0, 2]), tf.constant([3, 1]))
    np.testing.assert_array_equal(merged(strategy, [[sparse], dense[1]]), merged(strategy, dense))


class TestUnseeded:
    """Strategies that draw, made without a seed."""

    def draw(self, strategy=None):
        gradients = [[np.ones(50, "float32")], [-np.ones(50, "float32")]]
        gradients = [[*g, np.ones(1, "float32")] for g in gradients]
        return (strategy or strategies.AgrRand())(gradients, 0)[0].numpy()

    def test_keras_seed_rules_them(self):
        keras.utils.set_random_seed(1)
        first, second = self.draw(), self.draw()
        keras.utils.set_random_seed(1)
        np.testing.assert_array_equal(self.draw(), first)
        assert (first != second).all()

    def test_one_draws_the_same_for_the_same_step(self):
        strategy = strategies.AgrRand()
        np.testing.assert_array_equal(self.draw(strategy), self.draw(strategy))

    def test_in_a_run_the_runs_seed_alone_decides(self):
        def in_run(seed):
            return self.draw(strategies.AgrRand().of_run(tf.constant(seed, tf.int64)))

        np.testing.assert_array_equal(in_run(4), in_run(4))
        assert (in_run(4) != in_run(5)).all()


@every_strategy
def test_survives_serialization(strategy):
    config = keras.saving.serialize_keras_object(strategy)
    assert keras.saving.deserialize_keras_object(config) == strategy
    assert strategies.get(config) == strategy
    assert pickle.loads(pickle.dumps(strategy)) == strategy


@every_strategy
def test_is_immutable(strategy):
    with pytest.raises(dataclasses.FrozenInstanceError):
        strategy.seed = 1


@pytest.mark.parametrize(
    ("name", "strategy"),
    [
        ("mean", strategies.Mean()),
        ("agr_sum", strategies.AgrSum()),
        ("agr_rand", strategies.AgrRand()),
        ("pcgrad", strategies.PCGrad()),
        ("grad_vac", strategies.GradVac()),
        ("imtl_g", strategies.IMTLG()),
        ({"class_name": "agr_rand", "config": {"seed": 2}}, strategies.AgrRand(seed=2)),
        (strategies.PCGrad(seed=1), strategies.PCGrad(seed=1)),
    ],
)
def test_is_found_by_name_config_or_instance(name, strategy):
    assert strategies.get(name) == strategy


def test_one_of_ones_own_that_is_misspelt_is_told_the_nearest():
    @keras.saving.register_keras_serializable(package="nearby")
    @dataclasses.dataclass(frozen=True)
    class Median(strategies.Strategy):
        def merge(self, gradients, step):
            return gradients[0]

    with pytest.raises(ValueError, match=r"Received: 'nearby>Medien'; nearest: nearby>Median$"):
        strategies.get("nearby>Medien")


@pytest.mark.parametrize(
    ("identifier", "message"),
    [
        ("agr_sun", "mean, agr_sum, .*Received: 'agr_sun'; nearest: agr_sum"),
        ("group_dro", "Received: 'group_dro', which is for `objective`"),
        (3, "Received: 3"),
        ({"name": "agr_sum"}, "`class_name` and `config`"),
    ],
)
def test_an_unknown_strategy_is_one_sentence(identifier, message):
    with pytest.raises(ValueError, match=message):
        strategies.get(identifier)


@pytest.mark.parametrize(
    ("gradients", "message"),
    [
        ([], "at least one domain"),
        ({"a": [[1.0]], "b": [[2.0]]}, "a list over the domains. Received: a dict; give its val"),
        ([[np.ones(2)], [[1.0, 2.0]]], "one dtype per variable. Received: variable 0 of float32, "),
        ([[[1.0], [2.0]], [[1.0]]], r"\[2, 1\] variables"),
        ([[[1.0, 2.0]], [[1.0]]], "variable 0 with shapes"),
        ([[[1, 2]], [[1, 2]]], "of floats. Received: variable 0 of int32"),
    ],
)
def test_bad_gradients_are_one_sentence(gradients, message):
    with pytest.raises(ValueError, match=message):
        strategies.AgrSum()(gradients)


@pytest.mark.parametrize("arguments", [{"seed": 1.5}, {"seed": True}, {"seed": 2**63}])
@pytest.mark.parametrize("strategy", [strategies.AgrRand, strategies.PCGrad])
def test_a_bad_seed_is_one_sentence(strategy, arguments):
    with pytest.raises(ValueError, match="`seed` must be an integer"):
        strategy(**arguments)


class TestAUsersStrategy:
    """One subclass with one method is enough."""

    @dataclasses.dataclass(frozen=True)
    class Median(strategies.Strategy):
        def merge(self, gradients, step):
            middle = len(gradients) // 2
            return [
                tf.sort(tf.stack(domains), axis=0)[middle]
                for domains in zip(*gradients, strict=True)
            ]

    @dataclasses.dataclass(frozen=True)
    class First(strategies.GramStrategy):
        def weights(self, gram, step):
            return tf.one_hot(0, gram.shape[0])

    def test_merge(self):
        np.testing.assert_array_equal(
            self.Median()([[[1.0, 5.0]], [[2.0, -1.0]], [[9.0, 0.0]]])[0], [2.0, 0.0]
        )

    def test_merge_passes_on_what_is_not_finite(self):
        result = self.Median()([[[1.0, 5.0]], [[2.0, -1.0]], [[np.inf, 0.0]]])[0]
        assert np.isnan(result).all()

    def test_weights_of_the_gram_matrix(self):
        gradients = cases.random(3, seed=0)
        np.testing.assert_allclose(
            merged(self.First(), gradients), reference.flatten(gradients[0]), rtol=1e-6
        )

    def test_without_a_method_is_told(self):
        with pytest.raises(NotImplementedError, match="must override `merge`"):
            strategies.Strategy()([[[1.0]]])


def test_agr_sum_is_the_and_mask_up_to_its_rescaling():
    gradients = cases.with_zeros(4, seed=3)
    and_mask = merged(strategies.AndMask(tau=1.0, rescale=False), gradients)
    np.testing.assert_allclose(
        merged(strategies.AgrSum(), gradients), len(gradients) * and_mask, atol=1e-6
    )
