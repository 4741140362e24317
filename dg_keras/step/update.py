"""The second half of a step: merge, penalty on the weights, optimizer."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from dg_keras.common.forgotten_gradients import forgotten_gradients
from dg_keras.step.clipped_share import clipped_share
from dg_keras.step.data_loss import scale
from dg_keras.step.moment import Moment
from dg_keras.step.nan_where_one_is import nan_where_one_is
from dg_keras.step.nonfinite import Nonfinite
from dg_keras.step.only_if import only_if
from dg_keras.step.parts import Parts
from dg_keras.step.penalty_is_finite import penalty_is_finite
from dg_keras.step.replicas import number_of_replicas
from dg_keras.step.sums import add
from dg_keras.step.taken import Taken
from dg_keras.step.way import Way
from dg_keras.step.weight_penalty import weight_penalty
from dg_keras.strategies.strategy import all_finite


class Done(NamedTuple):
    """What the second half of a step comes to.

    Args:
        penalty: The regularizers' on the weights, a scalar, or None without regularizers.
        is_taken: Whether the step was taken, a bool scalar, or None where every step is.
    """

    penalty: tf.Tensor | None
    is_taken: tf.Tensor | None


class Update:
    """Merges the gradients, and applies what comes of it: one traced function, if it can be.

    Args:
        model: The model that is trained.
        way: What merges.
        parts: How the parts of the step are traced.
        nonfinite: What decides whether a step is taken; None to take every step.
    """

    def __init__(
        self, model: keras.Model, way: Way, parts: Parts, nonfinite: Nonfinite | None
    ) -> None:
        self._model = model
        self._way = way
        self._nonfinite = nonfinite
        self._apply = parts.part(self._applied, compiled=parts.compiles_update)
        self._merge_and_apply = parts.part(self._merged_and_applied, compiled=parts.compiles_update)

    def __call__(self, taken: Taken, moment: Moment) -> Done:
        """Changes the weights, if the step is to be taken."""
        known = list(taken.losses), taken.finite, moment
        if self._way.merge_can_be_compiled:
            return self._merge_and_apply(taken.gradients, *known)
        return self._apply(self._merged(taken.gradients, moment), *known)

    def _merged(self, gradients: Any, moment: Moment) -> list:
        """What comes of the gradients; this replica's share of it, of several."""
        merged = self._way.merge(gradients, moment)
        if number_of_replicas() > 1 and hasattr(self._model.optimizer, "dynamic_scale"):
            return nan_where_one_is(merged)
        return merged

    def _merged_and_applied(
        self, gradients: Any, losses: list, finite: tf.Tensor | None, moment: Moment
    ) -> Done:
        def merge() -> list:
            return self._merged(gradients, moment)

        nonfinite = self._nonfinite
        if nonfinite is None or not self._stays_finite() or tf.distribute.has_strategy():
            return self._applied(merge(), losses, finite, moment)
        # Merged where it is used: handed into the branch, it would be made in memory first.
        return self._if_finite(nonfinite, merge, True, losses, finite, moment)

    def _applied(
        self, gradient: list, losses: list, finite: tf.Tensor | None, moment: Moment
    ) -> Done:
        if self._nonfinite is None:
            return Done(self._change(gradient), None)
        present = [g for g in gradient if g is not None]
        merged = self._stays_finite() or all_finite([present])
        return self._if_finite(self._nonfinite, lambda: gradient, merged, losses, finite, moment)

    def _if_finite(
        self,
        nonfinite: Nonfinite,
        merge: Callable[[], list],
        merged: tf.Tensor | bool,
        losses: list,
        finite: tf.Tensor | None,
        moment: Moment,
    ) -> Done:
        """Changes the weights, if nothing that is known of the step forbids it."""
        variables = self._model.trainable_variables
        if not self._model.optimizer.built:  # which can't be done in a branch
            self._model.optimizer.build(variables)
        penalty, can_be_followed = penalty_is_finite(variables, partial(scale, self._model))
        facts = nonfinite.facts(self._model, losses, finite, merged & can_be_followed)
        if tf.distribute.has_strategy():
            context = tf.distribute.get_replica_context()
            together = (merge(), facts, moment.step)
            return Done(penalty, context.merge_call(partial(self._together, nonfinite), together))
        go = nonfinite.decide(facts, moment.step)
        # Identities, since an optimizer wants gradients of the graph that it is called in.
        only_if(go, lambda: self._change([g if g is None else tf.identity(g) for g in merge()]))
        return Done(penalty, go)

    def _together(
        self,
        nonfinite: Nonfinite,
        distribution: tf.distribute.Strategy,
        gradient: Any,
        facts: Any,
        step: Any,
    ) -> tf.Tensor:
        """Has all replicas change the weights, or none."""
        of_all = distribution.reduce(tf.distribute.ReduceOp.SUM, facts, axis=None)
        go = nonfinite.decide(of_all, distribution.experimental_local_results(step)[0])

        def change() -> tf.Tensor:
            distribution.extended.call_for_each_replica(self._change, args=(gradient,))
            return tf.constant(True)

        # Optimizers meet in a branch that all replicas share, not in one of each.
        return tf.cond(go, change, lambda: tf.constant(False))

    def _change(self, gradient: list) -> tf.Tensor | None:
        variables = self._model.trainable_variables
        penalty, penalty_gradient = weight_penalty(variables, partial(scale, self._model))
        gradient = add(gradient, penalty_gradient)
        if number_of_replicas() > 1:
            gradient = clipped_share(gradient, self._model.optimizer, partial(scale, self._model))
        with forgotten_gradients():  # Keras' optimizers sum over replicas with a custom gradient
            self._model.optimizer.apply(gradient, variables)
        return penalty

    def _stays_finite(self) -> bool:
        """Whether what is merged of finite gradients is finite, and need not be looked at."""
        # A sum of float16 may leave its range where its terms are far from the end of it.
        are_wide = all(v.dtype != "float16" for v in self._model.trainable_variables)
        return self._way.keeps_finite and are_wide
