"""Tells in time that a step of training could not be taken."""

import time
import weakref
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from dg_keras.fitting.explain_fault import explain_fault
from dg_keras.fitting.first_nonfinite import first_nonfinite
from dg_keras.fitting.nonfinite_error import NonfiniteError
from dg_keras.step.nonfinite import Fault, Nonfinite
from dg_keras.step.replicas import is_of_many_machines

EVERY = 0.05
"""Seconds from one look to the next."""


class Watch:
    """Looks at what the steps on the device came to, without making training wait for it.

    Once a step is bad, the device takes no further ones. So nothing is lost where this is told
    late: a twentieth of a second, with an accelerator a block of steps (`steps_per_execution`)
    after that, and at the end of the epoch at the latest.

    Args:
        nonfinite: What decides on the device.
        gradients_apart: Tells whether each domain's gradient in a step is finite, where the step
            took that of all domains; None if it can't.
        model: The `DomainGeneralizer`, which holds this.
    """

    def __init__(
        self,
        nonfinite: Nonfinite,
        gradients_apart: Callable[[int], np.ndarray | None],
        model: keras.Model,
    ) -> None:
        self._nonfinite = nonfinite
        self._gradients_apart = gradients_apart
        self._model = weakref.proxy(model)
        # A look at an accelerator waits for all that it was given to do.
        self._is_late = bool(tf.config.list_logical_devices("GPU"))
        # Several machines must stop at the same step, and have a clock each.
        self._every = 0.0 if is_of_many_machines(model.distribute_strategy) else EVERY
        self._seen: tf.Tensor | None = None
        self._next_look = 0.0
        self._is_due = False

    def after_block(self) -> None:
        """Raises NonfiniteError if a step up to here was found to be bad."""
        self._is_due = True
        seen, self._seen = self._seen, None
        # Looking costs as much as a tenth of a small network's step.
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + self._every
            now = self._nonfinite.first
            if self._is_late:
                self._seen = now
            else:
                seen = now
        if seen is not None and int(seen) >= 0:
            self._stop()

    def look(self) -> None:
        """Raises NonfiniteError if any step up to here was bad."""
        if int(self._nonfinite.first) >= 0:
            self._stop()

    def at_end(self) -> None:
        """Raises NonfiniteError if any step up to here was bad, or spoiled a weight."""
        if not self._is_due:
            return
        self._is_due = False
        self.look()
        self._check_weights(int(self._model.step.numpy()) - 1)

    def _stop(self) -> None:
        self._seen, self._next_look, self._is_due = None, 0.0, False
        fault = self._nonfinite.fault()
        # Whose loss is NaN says nothing if a weight is.
        self._check_weights(fault.step)
        try:
            told = explain_fault(self._with_gradients_apart(fault), self._model.domain_names)
        except Exception as error:  # out of memory, say: what stopped training is told all the same
            told = explain_fault(fault, self._model.domain_names)
            # Keras drops a cause from what leaves `fit`, but no note.
            told.add_note(f"Which domain's gradient it was could not be found out: {error!r}")
        raise told

    def _with_gradients_apart(self, fault: Fault) -> Fault:
        """The fault, with each domain's gradient taken again where all have one."""
        numbers = [*fault.losses, fault.learning_rate]
        if len(fault.losses) == 1 or any(fault.gradients) or not np.isfinite(numbers).all():
            return fault
        finite = self._gradients_apart(fault.step)
        return fault if finite is None or all(finite) else fault._replace(gradients=finite)

    def _check_weights(self, step: int) -> None:
        path = first_nonfinite(self._model.trainable_variables)
        if path is not None:
            raise NonfiniteError(
                f"Weight {path!r} is infinite or NaN, which was found at step {step}, though no "
                "loss and no gradient was before: go back to a saved model, and look at the "
                "optimizer",
                step,
                None,
                None,
            )
