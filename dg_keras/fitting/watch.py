"""Tells in time that a step of training could not be taken."""

from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

from dg_keras.fitting.explain_fault import explain_fault
from dg_keras.fitting.first_nonfinite import first_nonfinite
from dg_keras.fitting.nonfinite_error import NonfiniteError
from dg_keras.step.nonfinite import Fault, Nonfinite


class Watch:
    """Looks at what the steps on the device came to, without making training wait for it.

    Once a step is bad, the device takes no further ones. So nothing is lost where this is told
    late: at the end of a block of steps (`steps_per_execution`), with an accelerator one block
    later, and at the end of the epoch at the latest.

    Args:
        nonfinite: What decides on the device.
        gradients_apart: Tells whether each domain's gradient in a step is finite, where the step
            took that of all domains; None if it can't.
    """

    def __init__(
        self, nonfinite: Nonfinite, gradients_apart: Callable[[int], np.ndarray | None]
    ) -> None:
        self._nonfinite = nonfinite
        self._gradients_apart = gradients_apart
        # A look at an accelerator waits for all that it was given to do.
        self._is_late = bool(tf.config.list_logical_devices("GPU"))
        self._before: tf.Tensor | None = None
        self._is_due = False

    def after_block(self, names: Sequence[str], weights: Sequence[keras.Variable]) -> None:
        """Raises NonfiniteError if a step of this block, or of the one before, was bad.

        Args:
            names: The domains' names.
            weights: The trainable weights.
        """
        self._is_due = True
        now = self._nonfinite.first
        looked_at = self._before if self._is_late else now
        self._before = now
        if looked_at is not None and int(looked_at) >= 0:
            self._stop(names, weights)

    def at_end(self, names: Sequence[str], weights: Sequence[keras.Variable], step: int) -> None:
        """Raises NonfiniteError if any step up to here was bad, or made a weight infinite or NaN.

        Args:
            names: The domains' names.
            weights: The trainable weights.
            step: How many steps were taken.
        """
        if not self._is_due:
            return
        self._is_due = False
        if int(self._nonfinite.first) >= 0:
            self._stop(names, weights)
        self._check_weights(weights, step - 1)

    def _stop(self, names: Sequence[str], weights: Sequence[keras.Variable]) -> None:
        self._before, self._is_due = None, False
        fault = self._nonfinite.fault()
        # Whose loss is NaN says nothing if a weight is.
        self._check_weights(weights, fault.step)
        try:
            told = explain_fault(self._with_gradients_apart(fault), names)
        except Exception as error:  # out of memory, say: what stopped training is told all the same
            told = explain_fault(fault, names)
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

    def _check_weights(self, weights: Sequence[keras.Variable], step: int) -> None:
        path = first_nonfinite(weights)
        if path is not None:
            raise NonfiniteError(
                f"Weight {path!r} is infinite or NaN, which was found at step {step}, though no "
                "loss and no gradient was before: go back to a saved model, and look at the "
                "optimizer",
                step,
                None,
                None,
            )
