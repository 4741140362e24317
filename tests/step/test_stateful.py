"""What a strategy remembers, in training."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import dg_keras
from dg_keras import strategies
from tests.nets import alexnet_like, compiled, domains

WAYS = {
    "eager": {"run_eagerly": True},
    "graph": {"jit_compile": False},
    "xla": {"jit_compile": True},
}


class Noting(strategies.GradVac):
    """Tells what it was given."""

    def merge_from(self, gradients, step, state):
        given.append(state["similarity"])
        return super().merge_from(gradients, step, state)


given = []


def trained(how, strategy="grad_vac", steps=3):
    model = dg_keras.DomainGeneralizer(alexnet_like(), strategy, seed=1)
    compiled(model, **how)
    model.fit(domains(3), batch_size=8, steps_per_epoch=steps, verbose=0)
    return model


@pytest.mark.parametrize("how", ["graph", "xla"])
def test_it_is_given_what_it_returned(how):
    model = trained(WAYS[how])
    similarity = model.strategy_state["similarity"]
    assert similarity.shape == (3, 3)
    assert (similarity[~np.eye(3, dtype=bool)] != 0).all()
    expected = trained(WAYS["eager"])
    np.testing.assert_allclose(similarity, expected.strategy_state["similarity"], atol=1e-6)
    for weight, other in zip(model.net.get_weights(), expected.net.get_weights(), strict=True):
        np.testing.assert_allclose(weight, other, atol=1e-5)


def test_each_step_is_given_what_the_one_before_returned():
    given.clear()
    model = trained(WAYS["eager"], Noting(seed=0, beta=0.5))
    assert len(given) == 3
    np.testing.assert_array_equal(given[0], np.zeros((3, 3)))
    assert (given[2] != given[1]).numpy().sum() == 6
    model.reset_training(1)
    np.testing.assert_array_equal(model.strategy_state["similarity"], np.zeros((3, 3)))


class Smooth(strategies.StatefulStrategy):
    """The mean, which remembers the gradients' lengths and how often it was asked."""

    def initial_state(self, domains):
        return {"lengths": np.zeros(domains, "float32"), "count": np.zeros((), "int32")}

    def merge_from(self, gradients, step, state):
        lengths = tf.sqrt(tf.linalg.diag_part(strategies.gram_matrix(gradients)))
        after = {"lengths": state["lengths"] + lengths, "count": state["count"] + 1}
        return strategies.Mean().merge(gradients, step), after


@pytest.mark.parametrize(
    ("how", "on_nonfinite"), [("graph", "raise"), ("xla", "ignore"), ("eager", "ignore")]
)
def test_a_scale_of_the_loss_that_is_too_large_is_not_remembered(how, on_nonfinite):
    model = dg_keras.DomainGeneralizer(
        keras.Sequential([keras.Input((8,)), keras.layers.Dense(3, dtype="mixed_float16")]),
        Smooth(),
        on_nonfinite=on_nonfinite,
    )
    # 2^20 is halved until gradients are in the range of float16.
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(1e-3), 2.0**20)
    model.compile(optimizer, keras.losses.MeanSquaredError(), **WAYS[how])
    x, y = np.ones((16, 8), "float32"), np.full((16, 3), 9.0, "float32")
    model.fit({"a": (x, y), "b": (x, -y)}, batch_size=8, steps_per_epoch=12, verbose=0)
    assert optimizer.dynamic_scale.numpy() < 2.0**20
    taken = int(optimizer.inner_optimizer.iterations.numpy())
    assert 0 < taken < 12
    assert np.isfinite(model.strategy_state["lengths"]).all()
    assert (model.strategy_state["lengths"] > 0).all()
    assert model.strategy_state["count"] == taken


def test_what_it_remembers_is_of_these_domains():
    model = trained(WAYS["graph"])
    others = dict(zip("abc", domains(3).values(), strict=True))
    with pytest.raises(ValueError, match="which GradVac remembers"):
        model.fit(others, batch_size=8, steps_per_epoch=1, verbose=0)


def test_one_without_a_state_never_sees_one():
    model = trained(WAYS["graph"], "pcgrad")
    assert model.strategy_state == {}


class TestOfOnesOwn:
    """What is missing or wrong is told when it is made, or called first."""

    class Nothing(strategies.StatefulStrategy):
        pass

    class Counting(strategies.StatefulStrategy):
        def initial_state(self, domains):
            return {"count": np.zeros((), "float32")}

        def merge_from(self, gradients, step, state):
            return self.made(gradients[0], state)

    def test_without_a_state(self):
        with pytest.raises(NotImplementedError, match="Nothing must override `initial_state`"):
            self.Nothing()([[[1.0]]])

    def test_without_a_merge(self):
        with pytest.raises(NotImplementedError, match="Nothing must override `merge_from`"):
            self.Nothing().advance([[tf.constant([1.0])]], 0, {})

    @pytest.mark.parametrize(
        ("made", "message"),
        [
            (lambda g, _: g, "must return the merged gradient and the new state. Received: list"),
            (lambda g, _: (g, {}), r"with \['count'\]\. Received: \[\]"),
            (lambda g, _: (g, None), r"with \['count'\]\. Received: NoneType"),
            (lambda g, s: (g, {**s, "q": 1.0}), r"Received: \['count', 'q'\]"),
            (lambda g, _: (g, {"count": 1}), r"a float32 of shape \(\)\. Received: a int32 of"),
            (lambda g, _: (g, {"count": [1.0]}), r"Received: a float32 of shape \(1,\)"),
        ],
    )
    def test_what_is_no_state_is_told(self, made, message, monkeypatch):
        monkeypatch.setattr(self.Counting, "made", staticmethod(made), raising=False)
        strategy, gradients = self.Counting(), [[[1.0]], [[2.0]]]
        with pytest.raises(ValueError, match=f"`merge_from` of Counting .*{message}"):
            strategy(gradients)
        with pytest.raises(ValueError, match=f"`merge_from` of Counting .*{message}"):
            strategy.advance(gradients, 0, strategy.initial_state(2))

    @pytest.mark.parametrize("base", [strategies.AgrSum, strategies.MGDA, strategies.Mean])
    def test_that_is_another_kind_too_is_told_where_it_is_written(self, base):
        with pytest.raises(TypeError, match="Both must take all gradients as a StatefulStrategy"):
            type("Both", (strategies.StatefulStrategy, base), {})

    def test_that_says_it_averages(self):
        with pytest.raises(TypeError, match="Received: what `averages`, whose ways to train"):
            type("Both", (strategies.StatefulStrategy,), {"averages": True})

    def test_one_domain_after_the_other_is_refused(self):
        with pytest.raises(ValueError, match="`in_turn` must be False for GradVac"):
            dg_keras.DomainGeneralizer(alexnet_like(), "grad_vac", in_turn=True)


def test_a_file_with_a_state_for_a_model_without_domains_is_told(tmp_path):
    trained(WAYS["graph"]).save_weights(tmp_path / "of.weights.h5")
    model = dg_keras.DomainGeneralizer(alexnet_like(), "grad_vac", seed=1)
    compiled(model)
    with pytest.raises(ValueError, match="give `domains` to DomainGeneralizer"):
        model.load_weights(tmp_path / "of.weights.h5")
