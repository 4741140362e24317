"""The weights of classes."""

import math
import numbers
from typing import Any

from dg_keras.data.feeding.checked_batches import Classes


def check_class_weight(weight: Any, classes: Classes | None) -> None:
    """Raises ValueError unless each weight is one, and of a class of the network's.

    Args:
        weight: As `class_weight` of `fit`.
        classes: The network's, where they are known.
    """
    if weight is None:
        return
    rule = "`class_weight` must be a dict of a finite weight of 0 or more by number of class"
    if not isinstance(weight, dict):
        raise ValueError(f"{rule}. Received: class_weight of type {type(weight).__name__}")
    last = math.inf if classes is None else classes.number - 1
    for number, value in weight.items():
        if not isinstance(number, numbers.Integral) or not 0 <= int(number) <= last:
            upto = "" if classes is None else f", from 0 to {last} for the network's"
            raise ValueError(f"{rule}{upto}. Received: a weight for {number!r}")
        if not isinstance(value, numbers.Real) or not 0 <= float(value) < math.inf:
            raise ValueError(f"{rule}. Received: {value!r} for class {number}")


def check_no_weight_of_ignored(weight: Any, classes: Classes | None) -> None:
    """Raises ValueError if batches of a data set hold a label that Keras finds no weight for.

    Args:
        weight: As `class_weight` of `fit`.
        classes: The network's, where they are known.
    """
    if weight is None or classes is None or classes.ignored is None:
        return
    if classes.ignored not in range(classes.number):
        raise ValueError(
            "`class_weight` must be None where the loss ignores a label that is no class, since "
            f"Keras looks for its weight, too. Received: class_weight, and ignore_class="
            f"{classes.ignored}"
        )
