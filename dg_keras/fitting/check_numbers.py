"""The numbers that `fit` takes."""

from typing import Any

from dg_keras.fitting.checks import check_positive


def check_numbers(epochs: Any, arguments: dict[str, Any]) -> None:
    """Raises ValueError if a number of `fit` is no positive integer.

    Args:
        epochs: As for `fit`.
        arguments: The other arguments of `fit`.
    """
    check_positive("epochs", epochs)
    for name in ("steps_per_epoch", "validation_batch_size", "validation_freq"):
        value = arguments.get(name)
        # A list says after which epochs to validate.
        if name != "validation_freq" or not isinstance(value, list):
            check_positive(name, value)
