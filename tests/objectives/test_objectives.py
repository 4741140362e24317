"""The objectives' updates against float64 in NumPy, through `fit`."""

import keras
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

import dg_keras
from dg_keras import objectives
from dg_keras.objectives import mixup, mldg, pairing
from tests import nets
from tests.objectives.reference import (
    RATE,
    N,
    Reference,
    assert_weights,
    batches,
    domain,
    network,
    steps_of,
    trained,
)

EVERY = {
    "empirical_risk": objectives.EmpiricalRisk(),
    "irm": objectives.IRM(penalty_weight=10.0, anneal_steps=1),
    "mixup": objectives.Mixup(),
    "group_dro": objectives.GroupDRO(eta=0.5),
    "mldg": objectives.MLDG(),
    "vrex": objectives.VREx(penalty_weight=0.5, anneal_steps=1),
    "coral": objectives.CORAL(),
    "mmd": objectives.MMD(),
    "fishr": objectives.Fishr(penalty_weight=10.0, anneal_steps=1),
    "rsc": objectives.RSC(),
}


def test_irm_before_and_after_the_change():
    data = batches(4)
    rate, epsilon = 0.01, 1e-2
    model = trained(
        objectives.IRM(penalty_weight=50.0, anneal_steps=2),
        data,
        optimizer=keras.optimizers.Adam(rate, epsilon=epsilon),
    )
    reference = Reference()

    def derivative(weights, half):
        h = 1e-4
        up, down = (reference.risk(weights, *half, scale=1 + sign * h) for sign in (1, -1))
        return (up - down) / (2 * h)

    def loss(weights, batch, penalty_weight):
        total = 0.0
        for i in range(N):
            samples = domain(batch, i)
            even, odd = (derivative(weights, tuple(p[s::2] for p in samples)) for s in (0, 1))
            total += reference.risk(weights, *samples) + penalty_weight * even * odd
        return total / N

    weights = reference.weights
    for step, batch in enumerate(steps_of(data)):
        if step in (0, 2):  # Adam starts anew at the change
            first, second, count = 0.0, 0.0, 0
        penalty_weight = 1.0 if step < 2 else 50.0
        gradient = reference.gradient(lambda w, b=batch, p=penalty_weight: loss(w, b, p), weights)
        count += 1
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        correction = np.sqrt(1 - 0.999**count) / (1 - 0.9**count)
        weights = weights - rate * correction * first / (np.sqrt(second) + epsilon)
    assert_weights(model, weights, tolerance=2e-5)
    assert int(model.optimizer.iterations) == 2
    assert int(model.step) == 4


def test_group_dro_over_five_steps():
    data = batches(5)
    eta = 0.5
    model = trained(objectives.GroupDRO(eta), data)
    reference = Reference()
    weights, q = reference.weights, np.full(N, 1 / N)
    for batch in steps_of(data):
        losses = [reference.risk(weights, *domain(batch, i)) for i in range(N)]
        q = q * np.exp(eta * np.array(losses))
        q /= q.sum()
        weights = weights - RATE * reference.gradient(
            lambda w, b=batch, q=q: sum(q[i] * reference.risk(w, *domain(b, i)) for i in range(N)),
            weights,
        )
    assert_weights(model, weights)
    np.testing.assert_allclose(model.objective_state["q"], q, rtol=1e-5)
    assert np.ptp(q) > 0.02


def test_vrex_before_and_after_the_change():
    data = batches(4)
    model = trained(objectives.VREx(penalty_weight=5.0, anneal_steps=2), data)
    reference = Reference()

    def loss(weights, batch, beta):
        losses = [reference.risk(weights, *domain(batch, i)) for i in range(N)]
        return np.mean(losses) + beta * np.var(losses)

    weights = reference.weights
    for step, batch in enumerate(steps_of(data)):
        beta = 1.0 if step < 2 else 5.0
        of_step = reference.gradient(lambda w, b=batch, p=beta: loss(w, b, p), weights)
        weights = weights - RATE * of_step
    assert_weights(model, weights)
    (logged,) = trained(objectives.VREx(5.0, 0), [part[:1] for part in data]).history.history[
        "loss"
    ]
    first = next(steps_of(data))
    assert logged == pytest.approx(loss(reference.weights, first, 5.0), rel=1e-5)


def test_mixup_with_lambda_and_pairs_given(monkeypatch):
    data = batches(2)
    partners, shares = [2, 0, 1], np.array([0.9, 0.3, 0.55])
    monkeypatch.setattr(mixup, "cyclic_partners", lambda domains, seed: tf.constant(partners))
    monkeypatch.setattr(
        objectives.Mixup, "shares", lambda self, domains, seed: tf.constant(shares, tf.float32)
    )
    model = trained(objectives.Mixup(), data)
    reference = Reference()

    def loss(weights, batch):
        total = 0.0
        for i, j in enumerate(partners):
            (x, y, v), (x_j, y_j, v_j) = domain(batch, i), domain(batch, j)
            mixed = shares[i] * x + (1 - shares[i]) * x_j
            total += shares[i] * reference.risk(weights, mixed, y, v)
            total += (1 - shares[i]) * reference.risk(weights, mixed, y_j, v_j)
        return total / N

    weights = reference.weights
    for batch in steps_of(data):
        weights = weights - RATE * reference.gradient(lambda w, b=batch: loss(w, b), weights)
    assert_weights(model, weights)


def test_mldg_with_its_inner_adam_step(monkeypatch):
    data = batches(2)
    partners, inner_rate, beta = [1, 2, 0], 0.05, 0.7
    monkeypatch.setattr(mldg, "cyclic_partners", lambda domains, seed: tf.constant(partners))
    model = trained(objectives.MLDG(beta, inner_rate), data)
    reference = Reference()
    weights = reference.weights
    for batch in steps_of(data):
        total = 0.0
        for i, j in enumerate(partners):
            samples, others = domain(batch, i), domain(batch, j)
            own = reference.gradient(lambda w, s=samples: reference.risk(w, *s), at=weights)
            # Keras' Adam itself takes the inner step.
            variable = keras.Variable(weights.astype("float32"))
            keras.optimizers.Adam(inner_rate).apply([tf.constant(own, tf.float32)], [variable])
            there = reference.gradient(
                lambda w, s=others: reference.risk(w, *s), at=variable.numpy().astype(float)
            )
            total += own + beta * there
        weights = weights - RATE * total / N
    assert_weights(model, weights)


@pytest.fixture(scope="module")
def untrained():
    """The loss of the first batch before the first step."""
    ((x,), (y,), (weight,)) = batches(1)
    return nets.compiled(network()).evaluate(x, y, sample_weight=weight, verbose=0)[0]


class TestEveryPair:
    """Every objective with a strategy of each kind."""

    @pytest.mark.parametrize("strategy", ["mean", "agr_rand", "pcgrad"])
    @pytest.mark.parametrize("objective", EVERY)
    def test_trains_through_fit(self, objective, strategy, untrained):
        # The same batch again and again: its loss must fall.
        data = tuple(np.repeat(part, 3, axis=0) for part in batches(1))
        x, y, weight = (part[0] for part in data)
        # A large penalty may well make the loss grow.
        made = objectives.IRM(1.0, 1) if objective == "irm" else EVERY[objective]
        model = trained(made, data, strategy, keras.optimizers.SGD(RATE))
        after = model.evaluate(x, y, sample_weight=weight, verbose=0)[0]
        assert after < untrained
        assert int(model.step) == 3

    @pytest.mark.parametrize(
        "objective",
        ["irm", "group_dro", "mldg", "mixup", "coral", pytest.param("rsc", marks=pytest.mark.slow)],
    )
    def test_a_compiled_step_is_the_eager_step(self, objective):
        data = batches(3)

        def model(**how):
            return trained(EVERY[objective], data, "agr_rand", **how)

        # XLA takes half a minute for the six passes of MLDG.
        eager, compiled = model(), model(jit_compile=objective != "mldg")
        assert nets.largest_difference(eager, compiled) < 1e-5
        np.testing.assert_equal(
            eager.objective_state.keys(), EVERY[objective].initial_state(N).keys()
        )

    @pytest.mark.parametrize("objective", ["irm", "mixup", "group_dro", "mldg", "vrex"])
    def test_one_pass_is_as_many_as_domains(self, objective):
        """`mean` takes one pass, a strategy that is the mean by another name takes N."""

        class Average(dg_keras.strategies.Mean):
            averages = False

        data = batches(3)
        assert (
            nets.largest_difference(
                trained(EVERY[objective], data), trained(EVERY[objective], data, Average())
            )
            < 1e-6
        )

    @pytest.mark.parametrize("objective", EVERY)
    def test_a_reloaded_model_goes_on_as_one_never_saved(self, objective, tmp_path):
        def model():
            made = dg_keras.DomainGeneralizer(
                network(dropout=0.5), "agr_sum", EVERY[objective], domains=N, seed=3
            )
            return nets.compiled(made, keras.optimizers.Adam(1e-2))

        def step(model, number):
            x, y, weight = batches(2)
            model.train_on_batch(x[number], y[number], weight[number])

        unbroken, broken = model(), model()
        step(unbroken, 0)
        step(unbroken, 1)
        step(broken, 0)
        broken.save(tmp_path / "half.keras")
        reloaded = keras.saving.load_model(tmp_path / "half.keras")
        assert reloaded.objective == EVERY[objective]
        step(reloaded, 1)
        assert nets.largest_difference(unbroken, reloaded) == 0
        for name, value in unbroken.objective_state.items():
            np.testing.assert_array_equal(reloaded.objective_state[name], value)
        assert int(reloaded.optimizer.iterations) == int(unbroken.optimizer.iterations)


def test_irm_starts_the_optimizer_anew_once_also_when_reloaded(tmp_path):
    x, y, _ = batches(4)
    model = dg_keras.DomainGeneralizer(network(), "mean", objectives.IRM(1.0, 1), domains=N)
    nets.compiled(model, keras.optimizers.Adam(1e-2))
    counts = []
    for step in range(3):
        model.train_on_batch(x[step], y[step])
        counts.append(int(model.optimizer.iterations))
    model.save(tmp_path / "after.keras")
    reloaded = keras.saving.load_model(tmp_path / "after.keras")
    reloaded.train_on_batch(x[3], y[3])
    assert [*counts, int(reloaded.optimizer.iterations)] == [1, 1, 2, 3]


def test_resetting_training_is_as_a_new_model():
    data = batches(3)
    objective = objectives.GroupDRO(0.5)
    model = trained(objective, data)
    start = network().get_weights()
    model.net.set_weights(start)
    model.reset_training(seed=7)
    assert int(model.step) == 0
    np.testing.assert_allclose(model.objective_state["q"], 1 / N)
    for x, y, weight in steps_of(data):
        model.train_on_batch(x, y, weight)
    assert nets.largest_difference(model.net, trained(objective, data).net) == 0


@pytest.mark.parametrize("seed", [-1, 2**31, True, 1.7])
def test_resetting_training_takes_the_seeds_that_a_model_takes(seed):
    model = dg_keras.DomainGeneralizer(network(), seed=1)
    with pytest.raises(ValueError, match="`seed` must be a non-negative integer below"):
        model.reset_training(seed)
    assert int(model.seed) == 1


def test_one_overflowing_loss_does_not_end_group_dro():
    objective = objectives.GroupDRO(0.5)
    q = tf.constant([0.2, 0.5, 0.3])
    _, state = objective.weigh(tf.constant([1.0, float("inf"), 2.0]), {"q": q}, tf.constant(0))
    np.testing.assert_array_equal(state["q"], q)


@pytest.mark.filterwarnings("ignore:`net` has trainable BatchNormalization:UserWarning")
class TestMldgLeavesNoTrace:
    """The second point has other weights; what the network remembers is of its own."""

    def test_in_batch_norm(self):
        data = batches(2)
        statistics = [
            trained(
                objective, data, net=network(batch_norm=True), optimizer=keras.optimizers.SGD(0.0)
            )
            .net.layers[1]
            .get_weights()
            for objective in (objectives.MLDG(learning_rate=1.0), objectives.EmpiricalRisk())
        ]
        for actual, expected in zip(*statistics, strict=True):
            np.testing.assert_allclose(actual, expected, atol=1e-6)

    def test_but_dropout_draws_anew(self):
        data = batches(1)

        def generator_state(objective):
            net = network(dropout=0.5)
            trained(objective, data, net=net)
            return net.layers[1].seed_generator.state.numpy().tolist()

        # "mean" of plain risk passes once, MLDG twice for each of three domains.
        assert (
            generator_state(objectives.MLDG())[1]
            == 6 * (generator_state(objectives.EmpiricalRisk())[1])
        )


class TestDraws:
    def test_partners_are_one_circle_through_all_domains(self):
        seen = set()
        for step in range(60):
            partners = pairing.cyclic_partners(4, tf.constant([5, step], tf.int64)).numpy()
            circle, at = [], 0
            for _ in range(4):
                circle.append(at)
                at = partners[at]
            assert at == 0
            assert sorted(circle) == [0, 1, 2, 3]
            seen.add(tuple(partners))
        assert len(seen) == 6  # as many circles as there are

    def test_one_domain_is_its_own_partner(self):
        assert pairing.cyclic_partners(1, tf.constant([0, 0], tf.int64)).numpy().tolist() == [0]

    def test_lambda_is_beta_distributed(self):
        shares = objectives.Mixup(0.2).shares(20_000, tf.constant([1, 2], tf.int64)).numpy()
        # Not by a test of the whole distribution: float32 rounds 2 % of it to 1.
        at = np.linspace(0.001, 0.999, 99)
        found = (shares[:, None] <= at).mean(axis=0)
        np.testing.assert_allclose(found, scipy.stats.beta(0.2, 0.2).cdf(at), atol=0.012)


def test_mldg_steps_over_what_does_not_change_in_half_precision():
    weights, gradient = tf.ones(2, tf.float16), tf.constant([0.0, 0.5], tf.float16)
    (stepped,), _ = objectives.MLDG().second_point([weights], [gradient], 0.1)
    np.testing.assert_allclose(stepped, [1.0, 0.9], rtol=1e-3)


class TestTheOptimizerStartsAnew:
    def test_where_it_has_taken_no_step(self, tmp_path):
        """Compiled, or with weights alone loaded, at the very step of the change."""

        def made():
            return dg_keras.DomainGeneralizer(network(), "mean", objectives.IRM(1.0, 2), domains=N)

        def step(model, number):
            model.train_on_batch(*(part[number] for part in batches(3)))

        model, other = nets.compiled(made()), made()
        step(model, 0)
        step(model, 1)
        model.save_weights(tmp_path / "half.weights.h5")
        other.load_weights(tmp_path / "half.weights.h5")
        for again in (nets.compiled(model), nets.compiled(other)):
            step(again, 2)
            assert int(again.step) == 3


class TestBadInput:
    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: objectives.IRM(penalty_weight=-1), "`penalty_weight` must be"),
            (lambda: objectives.IRM(anneal_steps=1.5), "`anneal_steps` must be a whole number"),
            (lambda: objectives.GroupDRO(eta="fast"), "`eta` must be"),
            (lambda: objectives.Mixup(alpha=0), "`alpha` must be a positive number"),
            (lambda: objectives.MLDG(beta=float("nan")), "`beta` must be"),
            (lambda: objectives.MLDG(learning_rate=0), "`learning_rate` must be a positive"),
        ],
    )
    def test_arguments(self, make, message):
        with pytest.raises(ValueError, match=message):
            make()

    @pytest.mark.parametrize(
        "loss",
        [
            *("sparse_categorical_crossentropy", keras.losses.SparseCategoricalCrossentropy()),
            *("categorical_focal_crossentropy", "binary_focal_crossentropy"),
            *("kl_divergence", keras.losses.KLDivergence(), keras.losses.Dice()),
        ],
    )
    def test_irm_needs_logits(self, loss):
        model = dg_keras.DomainGeneralizer(network(), "mean", "irm")
        model.compile("adam", loss=loss)
        with pytest.raises(ValueError, match=r"`loss` must take logits.*IRM"):
            model.fit(nets.domains(), batch_size=4, verbose=0)

    def test_irm_needs_two_samples_a_domain(self):
        x, y, _ = batches(1)
        model = nets.compiled(dg_keras.DomainGeneralizer(network(), "mean", "irm", domains=N))
        with pytest.raises(ValueError, match="`batch_size` must be at least 2 for IRM"):
            model.train_on_batch(x[0, :N], y[0, :N])

    @pytest.mark.parametrize("loss", ["mse", lambda y, logits: keras.ops.sum(logits, axis=-1)])
    def test_irm_takes_other_losses(self, loss):
        model = dg_keras.DomainGeneralizer(network(), "mean", "irm", domains=N)
        model.compile("adam", loss=loss, run_eagerly=True)
        ((x,), _, _) = batches(1)
        model.train_on_batch(x, np.ones((len(x), network().output_shape[-1])))

    def test_irm_changes_between_executions(self):
        model = dg_keras.DomainGeneralizer(network(), "mean", objectives.IRM(1.0, 5), domains=N)
        nets.compiled(model, steps_per_execution=2)
        with pytest.raises(ValueError, match=r"`steps_per_execution` must divide.*5"):
            model.fit(nets.domains(), batch_size=4, verbose=0)
