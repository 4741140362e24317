"""Callbacks of ours beside the user's."""

import copy
from typing import Any

import keras


def with_callback(
    callbacks: Any, ours: keras.callbacks.Callback, model: keras.Model, first: bool = False
) -> Any:
    """The callbacks that `fit` was given, and one of ours.

    Args:
        callbacks: None, a callback, a list of them, or Keras' `CallbackList`.
        ours: The one to add.
        model: The model that is trained.
        first: Whether ours comes before all, or after.

    Returns:
        A list, or a `CallbackList` of the same callbacks.
    """
    if isinstance(callbacks, keras.callbacks.CallbackList):
        ours.set_model(model)
        given = callbacks.callbacks
        # A copy, as the user's may be given to another `fit`.
        together = copy.copy(callbacks)
        together.callbacks = [ours, *given] if first else [*given, ours]
        return together
    given = keras.tree.flatten(callbacks or [])
    return [ours, *given] if first else [*given, ours]
