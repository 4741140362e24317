"""An infinity or NaN that was met in training, in words."""

import math
from collections.abc import Sequence

from dg_keras.fitting.nonfinite_error import NonfiniteError
from dg_keras.step.nonfinite import Fault

_STOPPED = "and training stopped with the model as it was before that step"
_REMEDY = (
    "lower the learning rate or clip the gradients, or leave such steps out with "
    "on_nonfinite='skip'"
)


def explain_fault(fault: Fault, names: Sequence[str], weight: str | None) -> NonfiniteError:
    """What there is to raise for a step that could not be taken.

    Args:
        fault: The step.
        names: The domains' names.
        weight: The path of a weight that is infinite or NaN, if there is one.
    """
    domain, message = _of_weight(fault, weight) if weight else _of_domains(fault, names)
    losses = dict(zip(names, fault.losses.tolist(), strict=True))
    return NonfiniteError(message, fault.step, domain, losses.get(domain))


def _of_weight(fault: Fault, weight: str) -> tuple[None, str]:
    return None, (
        f"Weight {weight!r} is infinite or NaN at step {fault.step}, though no loss and no "
        "gradient told so before: go back to a saved model, and look at the optimizer"
    )


def _of_domains(fault: Fault, names: Sequence[str]) -> tuple[str | None, str]:
    """The first domain at fault, None if it is none, and the sentence."""
    losses, at = fault.losses.tolist(), f"at step {fault.step}"
    bad = [not math.isfinite(loss) for loss in losses]
    if any(bad):
        name, loss = names[bad.index(True)], losses[bad.index(True)]
        others = " (no domain has a finite one)" if all(bad) and len(names) > 1 else ""
        return name, (
            f"Domain {name!r} has a loss of {loss} {at}{others}, {_STOPPED}: look at the domain's "
            f"samples, {_REMEDY}"
        )
    if not math.isfinite(fault.learning_rate):
        return None, (
            f"The optimizer's learning rate must be finite. Received: {fault.learning_rate} {at}, "
            f"{_STOPPED}"
        )
    if fault.gradients.all():
        what = "What the strategy and the weights' regularizers make of finite gradients"
        return None, f"{what} is infinite or NaN {at}, {_STOPPED}: look at both, {_REMEDY}"
    if len(names) > 1 and not fault.gradients.any():
        what = "The domains' gradients are infinite or NaN, and their losses finite,"
        return None, f"{what} {at}, {_STOPPED}: look at the network, {_REMEDY}"
    number = fault.gradients.tolist().index(False)
    return names[number], (
        f"Domain {names[number]!r} has a gradient that is infinite or NaN, and a loss of "
        f"{losses[number]:.4g}, {at}, {_STOPPED}: look at the domain's samples, {_REMEDY}"
    )
