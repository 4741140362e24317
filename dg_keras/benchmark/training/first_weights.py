"""What a network begins with, seed by seed."""

import random
from collections.abc import Callable, Sequence

import keras
import numpy as np


class FirstWeights:
    """What the variables of a network hold that was built with a seed, mostly without building it.

    Most of the time that building takes goes into what is alike with every seed, as where all
    layers but the last are pretrained. What differs between two networks that were built is random:
    from then on, only layers that have such variables are built. The second's are drawn again that
    way, too, and unless they come out as they were, every network is built whole.

    Args:
        net: A network like those that are built.
        layers: All layers that building makes, in the order in which it does.
        built: Builds one, having seeded Python's generator with a seed.
    """

    def __init__(
        self,
        net: keras.Model,
        layers: Sequence[keras.layers.Layer],
        built: Callable[[int], keras.Model],
    ) -> None:
        self._places = {id(variable): place for place, variable in enumerate(net.variables)}
        self._layers = layers
        self._built = built
        self._known: tuple[int, list[np.ndarray]] | None = None  # a seed, and what it comes to
        self._random: set[int] = set()  # the places of the variables that depend on the seed
        self._is_drawn: bool | None = None  # whether these can be drawn; not known at first

    def __call__(self, seed: int) -> list[np.ndarray]:
        """The values, in the order of the network's variables."""
        if self._is_drawn:
            return self._drawn(seed)
        values = [variable.numpy() for variable in self._built(seed).variables]
        if self._is_drawn is None:
            self._look(seed, values)
        return values

    def _look(self, seed: int, values: list[np.ndarray]) -> None:
        """Finds out by a second seed what depends on it, and whether that can be drawn."""
        if self._known is None:
            self._known = seed, values
        elif seed != self._known[0]:
            pairs = enumerate(zip(values, self._known[1], strict=True))
            self._random = {place for place, pair in pairs if not np.array_equal(*pair)}
            self._is_drawn = all(map(np.array_equal, self._drawn(seed), values))
            if not self._is_drawn:
                self._known = None

    def _drawn(self, seed: int) -> list[np.ndarray]:
        """The values that are known, but for those that depend on the seed."""
        assert self._known is not None
        random.seed(seed)
        values = list(self._known[1])
        for layer in self._layers:
            # Where its initializers, and the generators that it owns, draw their seeds.
            other = type(layer).from_config(layer.get_config())
            own = [self._places.get(id(variable)) for variable in layer.variables]
            if self._random.isdisjoint(own):
                continue
            other.build_from_config(layer.get_build_config())
            for place, variable in zip(own, other.variables, strict=True):
                if place in self._random:
                    values[place] = variable.numpy()
        return values
