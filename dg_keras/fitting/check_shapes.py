"""Samples that the network, and a loss, can take."""

from typing import Any

import keras
import tensorflow as tf

from dg_keras.data.feeding.check_domains import check_elements, element_spec
from dg_keras.data.feeding.domains import named


def check_shapes(domains: Any, net: keras.Model, argument: str) -> None:
    """Raises ValueError if a domain's samples are text, or differ in a side from what is taken.

    Args:
        domains: A tuple, list or dict of domains.
        net: The network; the shapes of one with several inputs, or unknown ones, are left to Keras.
        argument: What the domains' argument is called.
    """
    for name, domain in named(domains):
        check_elements({name: domain})
    specs = {name: element_spec(domain) for name, domain in named(domains)}
    inputs = getattr(net, "inputs", None) or []
    _check_text(specs, inputs, argument)
    if len(inputs) != 1:
        return
    taken = tf.TensorShape(inputs[0].shape[1:])
    for name, spec in specs.items():
        x = tf.nest.flatten(spec[0])
        if len(x) != 1 or not isinstance(x[0], tf.TensorSpec):
            continue
        given = x[0].shape
        # Keras adds or takes away a last side of 1.
        if given.rank == taken.rank and not given.is_compatible_with(taken):
            raise ValueError(
                f"Every domain in `{argument}` must have samples of the shape that the network "
                f"takes, {tuple(taken)}. Received: domain {name!r} with samples of shape "
                f"{tuple(given)}"
            )


def _check_text(specs: dict[Any, Any], inputs: list[Any], argument: str) -> None:
    """Raises ValueError if there is text where the loss, or each of the inputs, takes numbers."""
    takes_text = not inputs or any(taken.dtype == "string" for taken in inputs)
    for name, spec in specs.items():
        x, y = map(tf.nest.flatten, spec[:2])
        # Keras leaves out what is more than the network takes, such as a path to each image.
        is_taken = not takes_text and len(x) == len(inputs)
        for what, parts in (("x", x if is_taken else []), ("y", y)):
            if any(part.dtype == tf.string for part in parts):
                raise ValueError(
                    f"Every domain in `{argument}` must have numbers in `{what}`. Received: domain "
                    f"{name!r} with text in it"
                )
