"""Whose gradient it is that is not finite, where the step took that of all domains."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dg_keras.step.as_before import AsBefore
from dg_keras.step.batches import read, split
from dg_keras.step.domain_pass import DomainPass
from dg_keras.step.generators import generators
from dg_keras.step.moment import Moment
from dg_keras.step.parts import Parts


def gradients_apart(
    model: keras.Model, batches_from: Callable[[int], tf.data.Dataset], step: int
) -> np.ndarray:
    """Takes each domain's gradient in a step again, and leaves the model as it is.

    Args:
        model: The `DomainGeneralizer`, as it was before the step.
        batches_from: Makes the domains' interleaved batches from a step on.
        step: The number of steps taken before.

    Returns:
        Whether each domain's gradient is finite, a bool `[N]`. What layers draw at random is not
        what they drew in the step.
    """
    domains = len(model.domain_names)
    moment = Moment(tf.convert_to_tensor(model.seed), tf.constant(step, tf.int64))
    given = read(next(iter(batches_from(step))), domains)
    batch = model.objective.prepare(given, domains, moment.key)
    parts = Parts(model, in_turn=False, jit_compile=False, compile_update=False)
    domain_pass = DomainPass(model, model.objective, parts, watched=False)
    weights = [tf.convert_to_tensor(variable) for variable in model.trainable_variables]
    before = AsBefore(generators(model))
    finite = [
        _is_finite(domain_pass.at(weights, of_domain, moment.step)[0])
        for of_domain in split(batch, domains)
    ]
    before.unless(tf.constant(False))
    return np.array(finite)


def _is_finite(gradient: list[Any]) -> bool:
    return all(np.isfinite(part).all() for part in keras.tree.flatten(gradient))
