"""What passes through a network change in it."""

import keras

from dg_keras.step.generators import generators


def changed_by_passes(model: keras.Model) -> list[keras.Variable]:
    """The variables that layers keep for themselves, and the random generators' states.

    BatchNorm's statistics are such; a weight that was only frozen is none.
    """
    kept = {
        id(variable): variable
        for layer in model._flatten_layers()
        for variable in layer._non_trainable_variables
    }
    return [*kept.values(), *generators(model)]
