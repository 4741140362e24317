"""What an optimizer is made of."""

import keras


def inner_optimizers(optimizer: keras.optimizers.Optimizer) -> list[keras.optimizers.Optimizer]:
    """The optimizers that take steps.

    Args:
        optimizer: One that does, one around it that scales the loss, or a
            `keras.optimizers.MultiOptimizer` of several.
    """
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    return list(getattr(inner, "optimizers", [inner]))
