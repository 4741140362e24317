"""Gradients that TensorFlow would keep for ever."""

import contextlib
from collections.abc import Iterator

from tensorflow.python.framework import ops

_CUSTOM = "CustomGradient-"


@contextlib.contextmanager
def forgotten_gradients() -> Iterator[None]:
    """Forgets the custom gradients of what is traced inside, through which none will be taken.

    In a graph, `tf.custom_gradient` registers its function for the process' whole life. It holds
    the graph, the graph holds every variable that it uses, and so a model's weights and its
    optimizer's state would stay in memory when all else has forgotten the model.
    """
    registered = ops.gradient_registry._registry
    before = set(registered)
    try:
        yield
    finally:
        for name in set(registered) - before:
            if name.startswith(_CUSTOM):
                del registered[name]
