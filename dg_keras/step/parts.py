"""What of a step is traced apart, and what of that XLA compiles."""

from collections.abc import Callable
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf
from keras.optimizers.schedules import LearningRateSchedule

from dg_keras.step.inner_optimizers import inner_optimizers
from dg_keras.step.is_known import is_known

LARGE = 2**17
"""Components of a weight, on average, from which on it pays to compile the update alone: between
AlexNet, where it wins, and EfficientNet-Lite0, where it loses."""


class Parts:
    """Decides on the parts of a step; knows nothing of what they do.

    A domain's pass is one function for all domains. The merge and the optimizer's step pass over
    all weights many times, and compiled once: XLA compiles them even where the network is not,
    unless the weights are many small ones, for each of which it would start a kernel.

    Args:
        model: The compiled model.
        in_turn: Whether the domains are taken one after the other.
        jit_compile: Whether XLA compiles the step.
        compile_update: Whether XLA compiles the update where it does not compile the whole step;
            "auto" for where that pays.
    """

    def __init__(
        self,
        model: keras.Model,
        in_turn: bool,
        jit_compile: bool,
        compile_update: bool | Literal["auto"],
    ) -> None:
        self._model = model
        self._compile_update = compile_update
        # In turn, the parts of the step are compiled, not the loop over them.
        self.compiles_whole = jit_compile and not in_turn
        self.compiles_passes = jit_compile and in_turn

    def part(
        self, function: Callable[..., Any], compiled: bool | Callable[[], bool]
    ) -> Callable[..., Any]:
        """The function, traced apart from the rest of the step where that is possible.

        Args:
            function: Takes and returns structures of tensors.
            compiled: Whether XLA compiles it, or what tells so when it is called first.
        """
        if self._model.run_eagerly or self.compiles_whole:
            return function
        traced: list[Callable[..., Any]] = []

        def apart(*arguments: Any) -> Any:
            # Replicas, be it one, sum and apply gradients together, which no inner function can.
            if tf.distribute.has_strategy():
                return function(*arguments)
            if not traced:
                jit_compile = compiled() if callable(compiled) else compiled
                traced.append(tf.function(function, jit_compile=jit_compile, autograph=False))
            return traced[0](*arguments)

        return apart

    def compiles_update(self) -> bool:
        """Whether XLA compiles the update; to be asked once the network is built."""
        if self._compile_update != "auto":
            return self._compile_update
        optimizers = inner_optimizers(self._model.optimizer)
        variables = self._model.trainable_variables
        rates = (getattr(optimizer, "_learning_rate", None) for optimizer in optimizers)
        used = [*optimizers, *(rate for rate in rates if isinstance(rate, LearningRateSchedule))]
        used += [given for v in variables for given in (v.regularizer, v.constraint)]
        sizes = [int(np.prod(v.shape)) for v in variables]
        pays = self.compiles_passes or float(np.mean(sizes)) >= LARGE
        return pays and all(map(is_known, used))
