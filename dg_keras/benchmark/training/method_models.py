"""A model per method, put back to its beginning before each run."""

import collections
import gc
from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

from dg_keras.benchmark.config.config import Config, Method, Optimizer
from dg_keras.benchmark.training.make_optimizer import make_optimizer
from dg_keras.model import DomainGeneralizer

LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


class MethodModels:
    """Models that train one network, one per method and setting of the optimizer.

    Each has a training step of its own, which is traced once as long as the model is kept: with its
    optimizer it takes several times the network's memory.

    Args:
        config: The experiment.
        net: The network that all of them train.
        first_weights: What the network's variables hold before its first step, with a seed.
        sources: Number of domains that are trained on.
        sample: Inputs and labels, one or more of each, to make metrics for.
        kept: How many models are kept, those that were used last.
    """

    def __init__(
        self,
        config: Config,
        net: keras.Model,
        first_weights: Callable[[int], list[np.ndarray]],
        sources: int,
        sample: tuple[tf.Tensor, tf.Tensor],
        kept: int = 1,
    ) -> None:
        self._config = config
        self._net = net
        self._first_weights = first_weights
        self._sources = sources
        self._sample = sample
        self._kept = kept
        self._models: collections.OrderedDict[
            tuple[str, Optimizer], tuple[DomainGeneralizer, list[np.ndarray]]
        ] = collections.OrderedDict()
        # Each method is trained with each domain held out, from the same weights: all of a trial's
        # are kept where several models are, of which each takes more.
        self._seeds = sources + 1 if kept > 1 else 1
        self._initial: collections.OrderedDict[int, list[np.ndarray]] = collections.OrderedDict()

    def reset(self, method: Method, target: str, seed: int) -> DomainGeneralizer:
        """Puts a method's model back to what it is before its first step.

        All that a run changes is put back, so that what comes of a run does not depend on what the
        process has done before.

        Args:
            method: The method.
            target: The domain held out, on which the optimizer's settings may depend.
            seed: What weights and all random draws of the run depend on.
        """
        optimizer = self._config.optimizer_of(method, target)
        key = (method.name, optimizer)
        if key not in self._models:
            while len(self._models) >= self._kept:
                self._models.popitem(last=False)
            # A model and the functions that were traced for it refer to each other.
            gc.collect()
            model = self._compile(method, optimizer)
            self._models[key] = (model, _values(model.optimizer.variables))
        self._models.move_to_end(key)
        model, optimizer_values = self._models[key]
        _assign(model.optimizer.variables, optimizer_values)
        _assign(self._net.variables, self._initial_values(seed))
        model.reset_training(seed)
        self._regularize(optimizer)
        return model

    def _compile(self, method: Method, optimizer: Optimizer) -> DomainGeneralizer:
        model = DomainGeneralizer(
            self._net,
            strategy=method.strategy,
            objective=method.objective,
            domains=self._sources,
        )
        model.compile(
            optimizer=make_optimizer(optimizer),
            loss=LOSS,
            metrics=["accuracy"],
            jit_compile=self._config.training.jit_compile,
        )
        # A step or evaluation that makes its variables while it is traced is traced twice.
        model.optimizer.build(model.trainable_variables)
        model.test_step(self._sample)
        model.reset_metrics()
        return model

    def _regularize(self, optimizer: Optimizer) -> None:
        """Penalizes the weights that the models share, where this optimizer wants it."""
        if optimizer.name != "adam_l2":
            return
        # The gradient of L2(c) is 2 c w; DomainGeneralizer adds it once, after the merge.
        for variable in self._net.trainable_variables:
            variable.regularizer = keras.regularizers.L2(optimizer.weight_decay / 2)

    def _initial_values(self, seed: int) -> list[np.ndarray]:
        """The state of a network that was just built with this seed."""
        if seed not in self._initial:
            while len(self._initial) >= self._seeds:
                self._initial.popitem(last=False)
            self._initial[seed] = [_small_if_zero(of) for of in self._first_weights(seed)]
        return self._initial[seed]


def _values(variables: Sequence[keras.Variable]) -> list[np.ndarray]:
    return [_small_if_zero(variable.numpy()) for variable in variables]


def _small_if_zero(value: np.ndarray) -> np.ndarray:
    # An optimizer's moments begin at zero: they would take twice the network's memory.
    return value if value.any() else np.broadcast_to(np.zeros((), value.dtype), value.shape)


def _assign(variables: Sequence[keras.Variable], values: Sequence[np.ndarray]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
