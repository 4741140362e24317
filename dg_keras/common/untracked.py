"""Attributes of a Keras model that Keras shall not see."""

from typing import Any


class Untracked:
    """Holds what Keras shall neither report from `evaluate` nor count among the weights."""

    def __init__(self, value: Any) -> None:
        self.value = value
