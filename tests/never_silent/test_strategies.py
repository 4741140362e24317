"""Strategies of one's own, and the numbers that a strategy is given."""

import dataclasses
from typing import ClassVar

import keras
import numpy as np
import pytest
import tensorflow as tf

from dg_keras import objectives, strategies
from tests.never_silent.vectors import (
    CLASSES,
    FEATURES,
    SAMPLES,
    N,
    assert_moved,
    assert_same_weights,
    batch,
    compiled,
    copies,
    net,
    steps_on,
    surgeon,
)


@keras.saving.register_keras_serializable(package="never_silent")
class Scaled(strategies.Strategy):
    """One that is no dataclass."""

    def __init__(self, factor):
        object.__setattr__(self, "factor", factor)

    def merge(self, gradients, step):
        return [self.factor * tf.add_n(list(d)) for d in zip(*gradients, strict=True)]

    def get_config(self):
        return {"factor": self.factor}


class TestArgumentsOfItsOwn:
    @pytest.mark.parametrize("base", [strategies.Strategy, strategies.AgrSum, objectives.Objective])
    def test_that_would_be_lost_in_a_file(self, base):
        with pytest.raises(TypeError, match="get_config"):

            class Lost(base):
                def __init__(self, factor):
                    object.__setattr__(self, "factor", factor)

    def test_that_are_told_are_saved(self, tmp_path):
        model = compiled(surgeon(net(), Scaled(3.0), seed=0))
        steps_on(model, *batch())
        model.save(tmp_path / "model.keras")
        reloaded = keras.saving.load_model(tmp_path / "model.keras")
        assert reloaded.strategy.factor == 3.0
        steps_on(model, *batch())
        steps_on(reloaded, *batch())
        assert_same_weights(model, reloaded, tolerance=0)


WRONG = {
    "too_few": lambda merged: merged[:-1],
    "too_many": lambda merged: [*merged, merged[0]],
    "nothing": lambda merged: None,
    "another_shape": lambda merged: [merged[0][:1], *merged[1:]],
    "no_tensor": lambda merged: [None, *merged[1:]],
}


@pytest.mark.parametrize("wrong", WRONG)
class TestWhatMergeReturns:
    """Keras would leave weights as they are, or broadcast."""

    def strategy(self, wrong):
        class Wrong(strategies.Mean):
            averages = False

            def merge(self, gradients, step):
                return WRONG[wrong](super().merge(gradients, step))

        return Wrong()

    def test_alone(self, wrong):
        gradient = [tf.ones([2, 3]), tf.ones([3])]
        with pytest.raises(ValueError, match=r"(?s)`merge`.*must return|must return.*`merge`"):
            self.strategy(wrong)([gradient, gradient])

    @pytest.mark.parametrize("how", [{}, {"jit_compile": False}], ids=str)
    def test_in_training(self, wrong, how):
        model = compiled(surgeon(net(), self.strategy(wrong)), **how)
        with pytest.raises(ValueError, match=r"(?s)`merge`.*must return|must return.*`merge`"):
            steps_on(model, *batch())


@dataclasses.dataclass(frozen=True)
class HidesInfinities(strategies.FoldStrategy):
    """A sum of what is finite."""

    def start(self, gradient):
        return [tf.where(tf.math.is_finite(g), g, tf.zeros_like(g)) for g in gradient]

    def add(self, state, gradient):
        return [total + g for total, g in zip(state, self.start(gradient), strict=True)]

    def finish(self, state, step):
        return state


class TestAFoldIsNotBelieved:
    """A merge that hides an infinity would have the step applied, at a loss scale too high."""

    def test_alone(self):
        for wrong in (float("inf"), float("nan")):
            merged = HidesInfinities()([[[1.0, wrong], [1.0]], [[2.0, 3.0], [1.0]]])
            assert np.isnan(np.concatenate([g.numpy() for g in merged])).any()

    @pytest.mark.parametrize("in_turn", [False, True])
    @pytest.mark.parametrize("how", [{}, {"jit_compile": False}], ids=str)
    @pytest.mark.parametrize("domain", [0, N - 1])
    def test_in_training(self, in_turn, how, domain):
        keras.utils.set_random_seed(0)
        linear = keras.Sequential([keras.Input((FEATURES,)), keras.layers.Dense(1)])
        x, _ = batch()
        x[domain] = 1e30  # whose square, and so the gradient, is none in single precision
        model = compiled(
            surgeon(linear, HidesInfinities(), in_turn=in_turn, on_nonfinite="ignore"),
            keras.losses.MeanSquaredError(),
            **how,
        )
        steps_on(model, x, x[:, :1] * 0)
        assert np.isnan(np.concatenate([w.ravel() for w in linear.get_weights()])).any()

    def test_but_one_that_says_so_is(self):
        class SaysSo(HidesInfinities):
            carries_nonfinite = True

        merged = SaysSo()([[[1.0, float("inf")]], [[2.0, 3.0]]])[0]
        np.testing.assert_array_equal(merged, [3.0, 3.0])


class TestASubclassThatMergesOtherwise:
    """What its base tells of its merge, and the short ways that rest on it, are not its own."""

    def moved(self, strategy, **how):
        model = compiled(surgeon(net(), strategy, **how), optimizer=keras.optimizers.SGD(0.1))
        before = copies(model)
        steps_on(model, *batch())
        return np.concatenate(
            [(w - b).ravel() for w, b in zip(model.get_weights(), before, strict=True)]
        )

    @pytest.mark.parametrize("base", [strategies.Mean, strategies.AgrSum, strategies.AgrRand])
    @pytest.mark.parametrize("in_turn", [False, True])
    def test_in_the_end_alone(self, base, in_turn):
        class Doubled(base):
            def finish(self, state, step):
                return [2 * g for g in super().finish(state, step)]

            def merge(self, gradients, step):
                return self.finish(self.fold(gradients), step)

        moved = self.moved(Doubled(), in_turn=in_turn)
        np.testing.assert_allclose(moved, 2 * self.moved(base()), rtol=1e-4, atol=1e-7)

    def test_in_all_at_once_is_not_taken_in_turn(self):
        class Doubled(strategies.AgrSum):
            def merge(self, gradients, step):
                return [2 * g for g in super().merge(gradients, step)]

        np.testing.assert_allclose(
            self.moved(Doubled()), 2 * self.moved("agr_sum"), rtol=1e-4, atol=1e-7
        )
        with pytest.raises(ValueError, match="`in_turn` must be False for Doubled"):
            surgeon(net(), Doubled(), in_turn=True)

    def test_and_hides_infinities(self):
        class Clipped(strategies.AgrSum):
            def finish(self, state, step):
                return [tf.clip_by_value(g, -1.0, 1.0) for g in super().finish(state, step)]

        merged = Clipped()([[[float("inf"), 0.2]], [[0.1, 0.3]]])[0]
        assert np.isnan(merged).any()

    def test_has_no_share_of_another_merge(self):
        class Normed(strategies.AgrSum):
            def finish(self, state, step):
                return [g / tf.norm(g) for g in super().finish(state, step)]

        assert Normed.share is strategies.FoldStrategy.share
        assert strategies.AgrSum.share is not strategies.FoldStrategy.share

    def test_but_for_the_weights_of_a_sum(self):
        class First(strategies.MGDA):
            def weights(self, gram, step):
                return tf.one_hot(0, gram.shape[0])

        told = First.averages, First.can_be_compiled, First.keeps_finite, First.carries_nonfinite
        assert told == (False, False, False, True)


@pytest.mark.parametrize("name", ["strategy", "objective", "net", "in_turn", "on_nonfinite"])
def test_what_a_model_is_made_with_cannot_be_replaced(name):
    """It would train as before, and say otherwise in its file."""
    model = surgeon(net(), "agr_sum")
    with pytest.raises(AttributeError, match=f"`{name}` must be given to DomainGeneralizer when"):
        setattr(model, name, getattr(surgeon(net(), "mean"), name))


class TestNumbers:
    @pytest.mark.parametrize("in_turn", [False, True])
    def test_the_step_is_the_true_one(self, in_turn):
        seen = []

        class Recording(strategies.Mean):
            averages = False

            def finish(self, state, step):
                seen.append(int(step))
                return super().finish(state, step)

        model = compiled(surgeon(net(), Recording(), seed=1, in_turn=in_turn))
        steps_on(model, *batch(), steps=3)
        assert seen == [0, 1, 2]

    def test_the_seed_of_the_run_rules_what_is_drawn(self):
        def trained(seed):
            model = compiled(surgeon(net(), "agr_rand", seed=seed))
            steps_on(model, *batch(), steps=2)
            return model

        first, again, second = trained(1), trained(1), trained(2)
        assert_same_weights(first, again, tolerance=0)
        assert_moved(copies(first), second, by=1e-5)

    def test_a_seed_of_zero_is_a_seed(self):
        assert int(surgeon(net(), seed=0).seed) == 0


class TestHalfPrecision:
    """Whose largest number is 65504."""

    def merged(self, strategy, *domains):
        merged = strategies.get(strategy)([[tf.constant(d, tf.float16)] for d in domains])[0]
        assert merged.dtype == tf.float16
        return merged.numpy().tolist()

    def test_the_mean_is_of_the_numbers_range(self):
        assert self.merged("mean", [4e4, 1.0], [4e4, 3.0]) == [4e4, 2.0]
        assert self.merged("mean", [4e4], [4e4], [4e4]) == [4e4]
        assert self.merged("mean", [-6e4], [-6e4], [6e4]) == [pytest.approx(-2e4, rel=1e-3)]

    def test_conflict_is_zero_however_large(self):
        assert self.merged("agr_sum", [4e4, 1.0], [-4e4, 3.0]) == [0.0, 4.0]
        assert self.merged("agr_sum", [4e4], [4e4], [-4e4]) == [0.0]
        assert self.merged("agr_sum", [4e4], [-4e4], [-4e4]) == [0.0]

    def test_a_sum_beyond_it_is_told(self):
        assert self.merged("agr_sum", [4e4], [4e4]) == [float("inf")]
        assert self.merged("agr_sum", [2e4], [4e4]) == [6e4]


def test_agr_rand_draws_alike_for_a_large_embedding():
    """Its gradient comes as slices, which do not know the shape of their variable in a graph."""

    def trained(**how):
        keras.utils.set_random_seed(0)
        words = keras.layers.Embedding(70_000, 8)  # more than one block of a sum
        stack = [words, keras.layers.Flatten(), keras.layers.Dense(CLASSES)]
        net = keras.Sequential([keras.Input((3,), dtype="int32"), *stack])
        model = compiled(
            surgeon(net, "agr_rand", seed=3), optimizer=keras.optimizers.SGD(1.0), **how
        )
        ids = np.random.default_rng(0).integers(70_000, size=(SAMPLES, 3))
        steps_on(model, ids, batch()[1])
        return net

    eager, graph = trained(), trained(jit_compile=False)
    assert_same_weights(eager, graph)


def program(function, *arguments):
    """What XLA is given of a function; of the shapes at issue it rids it later."""
    traced = tf.function(function, jit_compile=True, autograph=False)
    return traced.experimental_get_compiler_ir(*arguments)(stage="hlo")


class TestShapesUnderXla:
    """A dynamic one has XLA inline all generators of random numbers, which then draw twice."""

    def test_of_pcgrad(self):
        step = tf.constant(3, tf.int64)
        assert "set-dimension-size" not in program(strategies.PCGrad().weights, tf.eye(4), step)

    def test_of_pairs(self):
        seed = tf.constant([1, 2], tf.int64)
        found = program(lambda s: objectives.pairing.cyclic_partners(4, s), seed)
        assert "set-dimension-size" not in found


class TestCompilingTheUpdate:
    """With weights as large as these the strategy would be compiled by itself."""

    @pytest.fixture(autouse=True)
    def all_weights_are_large(self, monkeypatch):
        monkeypatch.setattr("dg_keras.step.parts.LARGE", 0)

    def model(self, **arguments):
        def largest(*domains):
            return np.max(domains, axis=0)

        @dataclasses.dataclass(frozen=True)
        class InNumPy(strategies.Strategy):
            """Says that XLA knows it, which it does not."""

            can_be_compiled: ClassVar[bool] = True

            def merge(self, gradients, step):
                return [
                    tf.ensure_shape(tf.numpy_function(largest, d, tf.float32), d[0].shape)
                    for d in zip(*gradients, strict=True)
                ]

        return compiled(surgeon(net(), InNumPy(), **arguments), jit_compile=False)

    def test_is_left_to_the_library(self):
        model = self.model()
        assert model.get_config()["compile_update"] == "auto"
        with pytest.raises(tf.errors.OpError):
            steps_on(model, *batch())

    def test_is_left_out_if_so_wished(self, tmp_path):
        model = self.model(compile_update=False)
        before = copies(model)
        steps_on(model, *batch())
        assert_moved(before, model)
        assert model.get_config()["compile_update"] is False

    @pytest.mark.parametrize("whose", ["schedule", "regularizer", "constraint"])
    def test_is_left_out_where_something_is_the_users_own(self, whose):
        class Told(keras.optimizers.schedules.LearningRateSchedule):
            def __call__(self, step):
                tf.print("step", step, output_stream="file:///dev/null")  # which XLA does not know
                return 0.1

        def through_numpy(w):
            return tf.ensure_shape(tf.numpy_function(lambda v: v, [w], tf.float32), w.shape)

        class Penalty(keras.regularizers.Regularizer):
            def __call__(self, w):
                return tf.reduce_sum(tf.square(tf.stop_gradient(through_numpy(w))))

        class AsItIs(keras.constraints.Constraint):
            def __call__(self, w):
                return through_numpy(w)

        parts = {
            "regularizer": {"kernel_regularizer": Penalty()},
            "constraint": {"kernel_constraint": AsItIs()},
        }
        own = keras.Sequential(
            [keras.Input((FEATURES,)), keras.layers.Dense(CLASSES, **parts.get(whose, {}))]
        )
        rate = Told() if whose == "schedule" else 0.1
        model = compiled(
            surgeon(own, "agr_sum"), optimizer=keras.optimizers.SGD(rate), jit_compile=False
        )
        before = copies(model)
        steps_on(model, *batch())
        assert_moved(before, model)
