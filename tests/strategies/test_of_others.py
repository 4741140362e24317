"""Strategies of other papers: what their authors' code gives, and what their equations say."""

import numpy as np
import pytest
import scipy.optimize
import tensorflow as tf

import dg_keras
from dg_keras import strategies
from dg_keras.strategies.fair_grad import fair_weights
from dg_keras.strategies.get import BY_NAME
from dg_keras.strategies.random_order import random_order
from dg_keras.strategies.randomness import uniform
from tests import nets
from tests.strategies import cases, reference

# Of TorchJD's documentation, for the gradients [-4, 1, 1] and [6, 1, 1].
PUBLISHED = [
    (strategies.UPGrad(), [0.2929, 1.9004, 1.9004]),
    (strategies.MGDA(), [0.0, 1.0, 1.0]),
    (strategies.IMTLG(), [0.0767, 1.0, 1.0]),
    (strategies.AlignedMTL(), [0.2133, 0.9673, 0.9673]),
    (strategies.CAGrad(c=0.5), [0.1835, 1.2041, 1.2041]),
    (strategies.DualProj(), [0.5563, 1.1109, 1.1109]),
]
TWO = [[np.array([-4, 1, 1], "float32")], [np.array([6, 1, 1], "float32")]]


@pytest.mark.parametrize(("strategy", "value"), PUBLISHED, ids=repr)
def test_is_what_torchjd_prints(strategy, value):
    np.testing.assert_allclose(strategy(TWO)[0], value, atol=6e-5)


def test_nash_mtl_is_what_torchjd_prints_but_for_the_length():
    """Theirs is cut to the length 1; ours is the paper's, divided by the sum of its weights."""
    (value,) = strategies.NashMTL()(TWO)
    np.testing.assert_allclose(value / np.linalg.norm(value), [0.0542, 0.7061, 0.7061], atol=6e-5)
    direction, weights = bargained(np.array([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]]))
    # Of two, each counts by the inverse of its length.
    np.testing.assert_allclose(weights[0] / weights[1], np.sqrt(38 / 18), rtol=1e-6)
    np.testing.assert_allclose(value, direction / weights.sum(), rtol=1e-5)


# Domains, components: more and fewer of the one than of the other.
SHAPES = [(2, 5), (3, 2), (3, 5), (5, 8), (6, 4), (8, 20)]


def jacobians():
    """Gradients with a little in common, of lengths that differ threefold; a row each.

    In all but one some conflict, and several make up the shortest average.
    """
    rng = np.random.default_rng(0)
    for domains, components in SHAPES:
        own = rng.normal(size=(domains, components)) + 0.2 * rng.normal(size=components)
        lengths = 10 ** rng.permutation(np.linspace(-0.25, 0.25, domains))
        yield own * lengths[:, None] / np.linalg.norm(own, axis=1, keepdims=True)


def merged(strategy, jacobian):
    return strategy([[tf.constant(row, tf.float32)] for row in jacobian])[0].numpy()


def least(function, domains):
    """The least value of a function of weights that are not negative and have the sum 1; where."""
    starts = [np.full(domains, 1 / domains), *(0.9 * np.eye(domains) + 0.1 / domains)]
    sum_of_one = {"type": "eq", "fun": lambda w: w.sum() - 1}
    found = [
        scipy.optimize.minimize(
            *(function, start),
            method="SLSQP",
            bounds=[(0, 1)] * domains,
            constraints=sum_of_one,
            options={"ftol": 1e-15, "maxiter": 500},
        )
        for start in starts
    ]
    best = min(found, key=lambda result: result.fun)
    return best.fun, best.x


def bargained(jacobian):
    """The direction of Navon et al. (2022), and the weights that make it of the gradients.

    On a ball the product of the domains' gains is largest in the direction in which, without a
    bound, half the squared length less the sum of the gains' logarithms is least. That needs no
    Gram matrix, and no equation of weights: claim 3.1 can be looked at by it.
    """

    def lost(direction):
        gains = jacobian @ direction
        if gains.min() <= 0:
            return np.inf, np.zeros_like(direction)
        return direction @ direction / 2 - np.log(gains).sum(), direction - (1 / gains) @ jacobian

    def curvature(direction):
        of_unit_gain = jacobian / (jacobian @ direction)[:, None]
        return np.eye(len(direction)) + of_unit_gain.T @ of_unit_gain

    _, weights = least(lambda w: np.sum((w @ jacobian) ** 2), len(jacobian))
    start = weights @ jacobian  # the shortest average, by which all gain
    found = scipy.optimize.minimize(
        *(lost, start * np.sqrt(len(jacobian)) / np.linalg.norm(start)),
        jac=True,
        hess=curvature,
        method="trust-exact",
        options={"gtol": 1e-9},
    )
    assert found.success, found.message
    return found.x, 1 / (jacobian @ found.x)


def test_the_gradients_are_such_that_no_shortcut_will_do():
    conflicts = [bool((jacobian @ jacobian.T < 0).any()) for jacobian in jacobians()]
    shortest = [least(lambda w, j=j: np.sum((w @ j) ** 2), len(j))[1] for j in jacobians()]
    assert sum(conflicts) >= 5
    assert sum((weights > 0.01).sum() > 1 for weights in shortest) >= 5


@pytest.mark.parametrize("jacobian", list(jacobians()), ids=lambda jacobian: str(jacobian.shape))
class TestOptimal:
    def test_mgda_is_the_shortest_average(self, jacobian):
        _, weights = least(lambda w: np.sum((w @ jacobian) ** 2), len(jacobian))
        np.testing.assert_allclose(
            merged(strategies.MGDA(), jacobian), weights @ jacobian, atol=1e-4
        )

    def test_cagrad_helps_the_worst_as_far_as_the_dual_says(self, jacobian):
        c, mean = 0.5, jacobian.mean(axis=0)
        scale = np.linalg.norm(jacobian, axis=1).max() ** 2
        radius = c * np.linalg.norm(mean)

        def dual(w):
            return (w @ jacobian @ mean + radius * np.linalg.norm(w @ jacobian)) / scale

        direction = merged(strategies.CAGrad(c=c), jacobian)
        worst = (jacobian @ direction).min() / scale
        assert worst == pytest.approx(least(dual, len(jacobian))[0], rel=1e-3, abs=1e-5)
        assert np.linalg.norm(direction - mean) <= radius * 1.001

    @pytest.mark.parametrize("name", ["upgrad", "dual_proj"])
    def test_projections_onto_what_conflicts_with_no_domain(self, jacobian, name):
        domains = len(jacobian)
        # The sums of which the projections are averaged.
        sums = np.eye(domains) if name == "upgrad" else np.full((1, domains), 1 / domains)
        expected = np.zeros(jacobian.shape[1])
        for weights in sums:
            added, _ = scipy.optimize.nnls(jacobian.T, -weights @ jacobian, maxiter=10_000)
            expected += (weights + added) @ jacobian / len(sums)
        strategy = strategies.get({"class_name": name, "config": {"ridge": 0.0}})
        scale = np.linalg.norm(jacobian, axis=1).max()
        np.testing.assert_allclose(merged(strategy, jacobian) / scale, expected / scale, atol=2e-5)

    def test_nash_mtl_is_the_bargain_in_parts_of_its_weights_sum(self, jacobian):
        direction, weights = bargained(jacobian)
        # The paper's scale: G w = 1 / w, so that the squared length is the number of domains.
        np.testing.assert_allclose(jacobian @ jacobian.T @ weights * weights, 1, rtol=1e-6)
        np.testing.assert_allclose(direction @ direction, len(jacobian), rtol=1e-6)
        expected = direction / weights.sum()
        scale = np.linalg.norm(expected)
        result = merged(strategies.NashMTL(), jacobian)
        np.testing.assert_allclose(result / scale, expected / scale, atol=3e-5)

    @pytest.mark.parametrize("alpha", [0.2, 0.5, 1.0, 2.0, 10.0])
    def test_fair_weights_solve_their_equation(self, jacobian, alpha):
        gram = jacobian @ jacobian.T
        weights = fair_weights(tf.constant(gram, tf.float32), alpha).numpy().astype(float)
        assert weights.sum() == pytest.approx(1)
        sides = gram @ weights / weights ** (-1 / alpha)
        np.testing.assert_allclose(sides / np.median(sides), 1, rtol=1e-3)


def test_nash_mtl_is_fair_grad_of_alpha_1():
    gradients = cases.random(4, seed=1)
    np.testing.assert_allclose(
        reference.flatten(strategies.NashMTL()(gradients)),
        reference.flatten(strategies.FairGrad(alpha=1.0)(gradients)),
    )


def test_imtl_g_projects_alike_onto_all():
    jacobian = np.random.default_rng(4).normal(size=(4, 30))
    of_unit = jacobian / np.linalg.norm(jacobian, axis=1, keepdims=True)
    projections = of_unit @ merged(strategies.IMTLG(), jacobian)
    np.testing.assert_allclose(projections, projections[0], rtol=1e-4)


@pytest.mark.parametrize("kind", ["random", "similar", "of other lengths"])
def test_aligned_mtl_is_the_mean_of_orthogonal_gradients(kind):
    rng = np.random.default_rng(4)
    jacobian = rng.normal(size=(4, 30))
    if kind == "similar":  # cosines of 0.9999
        jacobian = jacobian[0] + 0.01 * jacobian
    elif kind == "of other lengths":
        jacobian *= [[1.0], [0.01], [0.1], [1.0]]
    left, lengths, right = np.linalg.svd(jacobian, full_matrices=False)
    aligned = (lengths.min() * left @ right).mean(axis=0)
    result = merged(strategies.AlignedMTL(), jacobian)
    np.testing.assert_allclose(result, aligned, atol=2e-3 * np.linalg.norm(aligned))


@pytest.mark.parametrize("name", ["mgda", "cagrad", "upgrad", "dual_proj"])
def test_more_domains_than_have_sets_that_can_be_looked_at_are_told(name):
    strategy = strategies.get(name)
    message = f"{type(strategy).__name__} takes 10 domains at most. Received: 11 domains"
    with pytest.raises(ValueError, match=message):
        strategy([[[1.0]]] * 11)
    model = nets.compiled(dg_keras.DomainGeneralizer(nets.alexnet_like(), strategy))
    (one,) = nets.domains(1).values()
    with pytest.raises(ValueError, match=message):
        model.fit([one] * 11, batch_size=1, steps_per_epoch=1, verbose=0)


def test_upgrad_conflicts_with_no_domain_without_a_ridge():
    jacobian = np.random.default_rng(1).normal(size=(3, 20)) * [[1.0], [1e-3], [1.0]]
    jacobian[1] -= 1e-3 * jacobian[0]
    length = np.linalg.norm(jacobian, axis=1)
    for strategy in (strategies.UPGrad(ridge=0.0), strategies.DualProj(ridge=0.0)):
        direction = merged(strategy, jacobian)
        assert (jacobian @ direction / length / np.linalg.norm(direction)).min() > -1e-3


@pytest.mark.parametrize("strategy", cases.ALL, ids=repr)
def test_every_strategy_trains_in_half_precision(strategy):
    net = nets.alexnet_like(dtype="mixed_float16")
    model = nets.compiled(dg_keras.DomainGeneralizer(net, strategy, seed=1))
    assert model.optimizer.__class__.__name__ == "LossScaleOptimizer"
    before = net.get_weights()
    fitted = model.fit(nets.domains(3), batch_size=8, steps_per_epoch=2, verbose=0)
    assert all(np.isfinite(values).all() for values in fitted.history.values())
    assert any((a != b).any() for a, b in zip(before, net.get_weights(), strict=True))


@pytest.mark.parametrize(
    "name", ["mgda", "nash_mtl", "imtl_g", "aligned_mtl", "upgrad", "grad_vac"]
)
def test_opposite_gradients_cancel(name):
    ones = np.ones(5, "float32")
    (result,) = strategies.get(name)([[ones], [-ones]])
    np.testing.assert_allclose(result, np.zeros(5), atol=1e-6)


class TestGradVac:
    def run(self, seeds, beta=0.3):
        """A few steps by the strategy, and by loops over algorithm 1."""
        strategy = strategies.GradVac(seed=5, beta=beta)
        state = strategy.initial_state(3)
        usual = np.zeros((3, 3))
        for step, seed in enumerate(seeds):
            gradients = cases.similar(3, seed)
            result, state = strategy.advance(gradients, step, state)
            expected, usual = self.algorithm_1(gradients, usual, beta, strategy.key(step))
            yield reference.flatten(result), expected, state["similarity"], usual

    def algorithm_1(self, gradients, usual, beta, key):
        vectors = [reference.flatten(g) for g in gradients]
        order, new, total = random_order(3, key).numpy(), usual.copy(), 0
        for i, vector in enumerate(vectors):
            lifted = vector.copy()
            for j in order[i]:
                lengths = np.linalg.norm(lifted), np.linalg.norm(vectors[j])
                cosine = lifted @ vectors[j] / np.prod(lengths)
                aim = usual[i, j]
                if cosine < aim:
                    sines = np.sqrt(1 - cosine**2), np.sqrt(1 - aim**2)
                    top = lengths[0] * (aim * sines[0] - cosine * sines[1])
                    lifted += top / (lengths[1] * sines[1]) * vectors[j]
                new[i, j] = (1 - beta) * aim + beta * cosine
            total = total + lifted
        return total, new

    def test_is_algorithm_1(self):
        for result, expected, similarity, usual in self.run(range(6)):
            np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-5)
            np.testing.assert_allclose(similarity, usual, atol=1e-6)
        assert usual.max() > 0.5

    def test_without_a_past_it_is_pcgrad(self):
        gradients = cases.random(4, seed=2)
        np.testing.assert_allclose(
            reference.flatten(strategies.GradVac(seed=5)(gradients, 7)),
            reference.flatten(strategies.PCGrad(seed=5)(gradients, 7)),
            atol=1e-5,
        )

    @pytest.mark.parametrize("usual", [0.5, 0.999])
    def test_opposite_gradients_have_no_direction_that_is_remembered(self, usual):
        strategy = strategies.GradVac(seed=5, beta=1.0)
        gradients = [[tf.constant(g) for g in gradient] for gradient in cases.opposite(3, seed=4)]
        state = {"similarity": tf.fill([3, 3], tf.constant(usual, tf.float32))}
        made = [
            call(gradients, tf.constant(2, tf.int64), state)
            for call in (strategy.advance, tf.function(strategy.advance, jit_compile=True))
        ]
        (eager, eager_state), (compiled, compiled_state) = made
        scale = np.abs(reference.flatten(eager)).max()
        np.testing.assert_allclose(
            reference.flatten(eager), reference.flatten(compiled), atol=1e-4 * scale
        )
        np.testing.assert_allclose(
            eager_state["similarity"], compiled_state["similarity"], atol=1e-4
        )

    def test_remembers_nothing_of_what_is_not_finite(self):
        strategy = strategies.GradVac(seed=5)
        state = {"similarity": np.full((2, 2), 0.25, "float32")}
        result, after = strategy.advance([[[1.0, np.inf]], [[1.0, 2.0]]], 0, state)
        assert not np.isfinite(result[0]).all()
        np.testing.assert_array_equal(after["similarity"], state["similarity"])


def components(gradients):
    return np.stack([reference.flatten(g) for g in gradients], axis=1)


class TestByComponent:
    """By loops over the components."""

    gradients = cases.with_zeros(5, seed=7)

    def result(self, strategy, step=0):
        return reference.flatten(strategy(self.gradients, step))

    def by_variable(self, values):
        ends = np.cumsum([np.prod(shape, dtype=int) for shape in cases.SHAPES])
        return np.split(values, ends[:-1])

    @pytest.mark.parametrize("tau", [0.0, 0.2, 0.6, 1.0])
    @pytest.mark.parametrize("rescale", [True, False])
    def test_and_mask(self, tau, rescale):
        expected = []
        for of_variable in self.by_variable(components(self.gradients)):
            kept = np.abs(np.sign(of_variable).mean(axis=1)) >= tau - 1e-9
            share = kept.mean() if rescale and kept.any() else 1.0
            expected.extend(np.where(kept, of_variable.mean(axis=1), 0) / share)
        result = self.result(strategies.AndMask(tau, rescale))
        np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-6)

    @pytest.mark.parametrize("rescale", [True, False])
    def test_sand_mask(self, rescale):
        expected = []
        for of_variable in self.by_variable(components(self.gradients)):
            variance, masks = of_variable.var(axis=1), []
            for row, own in zip(of_variable, variance, strict=True):
                excess = abs(np.sign(row).mean()) - 0.3
                masks.append(np.tanh(2 * excess * variance.mean() / own) if excess > 0 else 0)
            share = np.mean(masks) if rescale and any(masks) else 1.0
            expected.extend(np.array(masks) * of_variable.mean(axis=1) / share)
        result = self.result(strategies.SandMask(tau=0.3, k=2.0, rescale=rescale))
        np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-6)

    @pytest.mark.parametrize(("kind", "domains"), [(cases.with_zeros, 5), (cases.similar, 3)])
    def test_sand_mask_is_that_of_the_paper_where_the_variance_is_1_on_average(self, kind, domains):
        variables, expected, shares = [], [], []
        for of_domains in zip(*kind(domains, seed=7), strict=True):
            usual = np.var(of_domains, axis=0, ddof=1).mean() or 1.0
            variables.append([(g / np.sqrt(usual)).astype("float32") for g in of_domains])
            masked, masks = reference.sand_mask(variables[-1], tau=0.3, k=1.0)
            expected.extend(masked)
            shares.extend(masks)
        # Nothing of some components, all of others, and parts.
        assert np.histogram(shares, [0, 0.05, 0.5, 0.95, 1])[0].min() >= 3
        gradients = [list(of_domain) for of_domain in zip(*variables, strict=True)]
        result = reference.flatten(strategies.SandMask(tau=0.3, k=1.0)(gradients))
        np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-6)

    def test_trimmed_mean(self):
        for trim, kept in ((0, slice(0, 5)), (1, slice(1, 4)), (2, slice(2, 3)), (9, slice(2, 3))):
            expected = np.sort(components(self.gradients), axis=1)[:, kept].mean(axis=1)
            result = self.result(strategies.TrimmedMean(trim))
            np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-6)

    def test_geometric_mean(self):
        gradients = cases.similar(3, seed=7)
        expected = [
            np.sign(row[0]) * np.prod(np.abs(row)) ** (1 / 3) if len(set(np.sign(row))) == 1 else 0
            for row in components(gradients)
        ]
        result = reference.flatten(strategies.GeometricMean()(gradients))
        np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-6)

    def test_grad_drop_takes_a_sign_with_the_probability_of_its_part(self):
        rng = np.random.default_rng(0)
        column = rng.normal(size=(3, 1)).astype("float32")
        domains = [[np.full(20_000, value)] for (value,) in column]
        (result,) = strategies.GradDrop(seed=1)(domains, 2)
        positive = column[column > 0].sum()
        part = positive / np.abs(column).sum()
        assert set(np.round(result.numpy(), 5)) == set(
            np.round([positive, column[column < 0].sum()], 5)
        )
        assert np.mean(result > 0) == pytest.approx(part, abs=0.015)
        (later,) = strategies.GradDrop(seed=1)(domains, 3)
        assert np.mean((result > 0) == (later > 0)) < 0.99

    def test_uniform_draws_of_a_part_are_those_of_the_whole(self):
        key = tf.constant([1, 2], tf.int64)
        whole = uniform(tf.constant([100]), key).numpy()
        np.testing.assert_array_equal(
            uniform(tf.constant([8, 5]), key, 60), whole[60:].reshape(8, 5)
        )
        assert 0 < whole.min() < 0.1
        assert 0.9 < whole.max() < 1


@pytest.mark.parametrize(
    ("strategy", "arguments", "message"),
    [
        (strategies.CAGrad, {"c": 1.5}, "`c` must be a finite number from 0 to 1. Received: c=1.5"),
        (strategies.UPGrad, {"ridge": -1}, "`ridge` must be a finite number of 0 or more"),
        (strategies.FairGrad, {"alpha": True}, "`alpha` must be a finite number from 0.1 to 10"),
        (strategies.GradVac, {"beta": float("nan")}, "`beta` must be a finite number from 0 to 1"),
        (
            strategies.AndMask,
            {"rescale": 1},
            "`rescale` must be True or False. Received: rescale=1",
        ),
        (strategies.SandMask, {"k": 0}, "`k` must be a finite number from 1e-06 to 1e"),
        (strategies.TrimmedMean, {"trim": 1.0}, "`trim` must be an integer of 0 or more"),
    ],
)
def test_bad_arguments_are_one_sentence(strategy, arguments, message):
    with pytest.raises(ValueError, match=message):
        strategy(**arguments)


COMPARED = {"photo": [[3.0, 0.0], None], "sketch": [[0.0, 4.0], [[0.0]]]}


class TestCompare:
    def test_lengths_angles_and_what_is_kept(self):
        table = strategies.compare(COMPARED, ["mean", "agr_sum", strategies.MGDA()]).table
        assert list(table.index) == ["mean", "agr_sum", "MGDA()"]
        assert list(table.loc["mean"].round(2)) == [1.0, 0.67, 53.13, 36.87]
        length, kept, *angles = table.loc["agr_sum"]
        assert (length, kept) == (0.0, 0.0)
        assert np.isnan(angles).all()
        # The shortest is as far along the one as along the other.
        assert table.loc["MGDA()"].iloc[0] == pytest.approx(2.4 / 2.5)
        assert table.loc["MGDA()"].iloc[2:].round(2).tolist() == [36.87, 53.13]

    def test_domains_without_names_have_numbers(self):
        table = strategies.compare(list(COMPARED.values())).table
        assert list(table.columns) == ["length", "kept", "angle to 0", "angle to 1"]
        assert list(table.index) == list(BY_NAME)

    def test_of_many_domains_those_that_take_so_many(self):
        table = strategies.compare([[[1.0, number]] for number in range(11)]).table
        assert set(BY_NAME) - set(table.index) == {"mgda", "cagrad", "upgrad", "dual_proj"}

    def test_names_may_be_numbers_and_an_infinity_tells_nothing(self):
        table = strategies.compare({1: [[1.0, np.inf]], 2: [[1.0, 2.0]]}, ["mean"]).table
        assert table.loc["mean"].isna().sum() == 3

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ((COMPARED, "mean"), "`strategies` must be a list of strategies. Received: 'mean'"),
            ((COMPARED, []), "`strategies` must be a list of strategies"),
            ((COMPARED, strategies.CAGrad()), "`strategies` must be a list .* Received: CAGrad"),
            ((COMPARED, {"class_name": "cagrad"}), "`strategies` must be a list of strategies"),
            (([[None], [None]],), "must hold a gradient of some variable. Received: None for all"),
        ],
    )
    def test_what_cannot_be_compared_is_told(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            strategies.compare(*arguments)

    def test_the_figure_shows_them_all(self):
        figure = strategies.compare(COMPARED).plot()
        angles, kept, lengths = figure.axes
        assert [label.get_text() for label in angles.get_yticklabels()] == list(BY_NAME)
        assert [line.get_label() for line in angles.lines[1:]] == ["photo", "sketch"]
        assert len(kept.patches) == len(lengths.patches) == len(BY_NAME)
