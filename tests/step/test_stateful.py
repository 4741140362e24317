"""What a strategy remembers, in training."""

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


@pytest.mark.parametrize("how", WAYS.values(), ids=WAYS)
def test_it_is_given_what_it_returned(how):
    model = trained(how)
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


def test_what_it_remembers_is_of_these_domains():
    model = trained(WAYS["graph"])
    others = dict(zip("abc", domains(3).values(), strict=True))
    with pytest.raises(ValueError, match="which GradVac remembers"):
        model.fit(others, batch_size=8, steps_per_epoch=1, verbose=0)


def test_one_without_a_state_never_sees_one():
    model = trained(WAYS["graph"], "pcgrad")
    assert model.strategy_state == {}


class TestOfOnesOwn:
    """What is missing is told when it is called first."""

    class Nothing(strategies.StatefulStrategy):
        pass

    def test_without_a_state(self):
        with pytest.raises(NotImplementedError, match="Nothing must override `initial_state`"):
            self.Nothing()([[[1.0]]])

    def test_without_a_merge(self):
        with pytest.raises(NotImplementedError, match="Nothing must override `merge_from`"):
            self.Nothing().advance([[tf.constant([1.0])]], 0, {})
