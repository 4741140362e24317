"""An infinity or NaN that was met in training, in words."""

import math
from collections.abc import Sequence

from dg_keras.fitting.nonfinite_error import NonfiniteError
from dg_keras.step.nonfinite import Fault

_REMEDY = (
    "lower the learning rate or clip the gradients, or leave such steps out with "
    "on_nonfinite='skip'"
)


def explain_fault(fault: Fault, names: Sequence[str]) -> NonfiniteError:
    """What there is to raise for a step that could not be taken.

    Args:
        fault: The step.
        names: The domains' names.
    """
    number, what, look_at = _found(fault, names)
    message = (
        f"{what} at step {fault.step}, and training stopped with the model as it was before that "
        f"step: {look_at}"
    )
    if number is None:
        return NonfiniteError(message, fault.step, None, None)
    return NonfiniteError(message, fault.step, names[number], float(fault.losses[number]))


def _found(fault: Fault, names: Sequence[str]) -> tuple[int | None, str, str]:
    """The number of the first domain at fault, if it is one's; what is wrong, and what to do."""
    losses, gradients = fault.losses.tolist(), fault.gradients.tolist()
    finite = [math.isfinite(loss) for loss in losses]
    samples = f"look at the domain's samples, {_REMEDY}"
    if not all(finite):
        number = finite.index(False)
        others = " (no domain has a finite one)" if len(names) > 1 and not any(finite) else ""
        return number, f"Domain {names[number]!r} has a loss of {losses[number]}{others}", samples
    if not math.isfinite(fault.learning_rate):
        what = f"The optimizer has a learning rate of {fault.learning_rate}"
        return None, what, "look at its schedule"
    if all(gradients):
        what = "What the strategy and the weights' regularizers make of finite gradients is not"
        return None, f"{what} finite", f"look at both, {_REMEDY}"
    if len(names) > 1 and not any(gradients):
        what = "The domains' losses are finite, and their gradients infinite or NaN"
        return None, what, f"look at the network, {_REMEDY}"
    number = gradients.index(False)
    what = f"Domain {names[number]!r} has a loss of {losses[number]:.4g}, and a gradient that is"
    return number, f"{what} infinite or NaN", samples
