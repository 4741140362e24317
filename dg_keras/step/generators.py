"""The random number generators of a network."""

import keras


def generators(model: keras.Model) -> list[keras.Variable]:
    """The states of the network's random number generators."""
    weights = {id(v) for v in model.weights}
    return [v for v in model.variables if id(v) not in weights]
