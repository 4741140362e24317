"""Tells in time that a step of training could not be taken."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from dg_keras.fitting.explain_fault import explain_fault
from dg_keras.fitting.first_nonfinite import first_nonfinite
from dg_keras.fitting.nonfinite_error import NonfiniteError
from dg_keras.step.nonfinite import Nonfinite


class Watch:
    """Looks at what the steps on the device came to, without making training wait for it.

    Once a step is bad, the device takes no further ones. So nothing is lost where this is told
    late: at the end of a block of steps (`steps_per_execution`), with an accelerator one block
    later, and at the end of the epoch at the latest.

    Args:
        nonfinite: What decides on the device.
    """

    def __init__(self, nonfinite: Nonfinite) -> None:
        self._nonfinite = nonfinite
        # A look at an accelerator waits for all that it was given to do.
        self._is_late = bool(tf.config.list_logical_devices("GPU"))
        self._last: tf.Tensor | None = None
        self._weights_are_due = False

    def after_block(self, names: Sequence[str], weights: Sequence[keras.Variable]) -> None:
        """Raises NonfiniteError if a step of the block before, or of this one, was bad.

        Args:
            names: The domains' names.
            weights: The trainable weights.
        """
        self._weights_are_due = True
        if self._nonfinite.policy != "raise":
            return
        first = self._nonfinite.first
        looked_at, self._last = (self._last, first) if self._is_late else (first, None)
        if looked_at is not None and int(looked_at) >= 0:
            raise self._explained(names, weights)

    def at_end(self, names: Sequence[str], weights: Sequence[keras.Variable], step: int) -> None:
        """Raises NonfiniteError if any step up to here was bad, or made a weight infinite or NaN.

        Args:
            names: The domains' names.
            weights: The trainable weights.
            step: How many steps were taken.
        """
        if not self._weights_are_due:
            return
        self._weights_are_due = False
        if int(self._nonfinite.first) >= 0:
            raise self._explained(names, weights)
        weight = first_nonfinite(weights)
        if weight is not None:
            raise NonfiniteError(
                f"Weight {weight!r} is infinite or NaN after step {step - 1}, though no loss and "
                "no gradient told so before: go back to a saved model, and look at the optimizer",
                step - 1,
                None,
                None,
            )

    def _explained(self, names: Sequence[str], weights: Sequence[keras.Variable]) -> NonfiniteError:
        self._last = None
        return explain_fault(self._nonfinite.fault(), names, first_nonfinite(weights))
