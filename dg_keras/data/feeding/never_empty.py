"""A dataset that may not be empty."""

from typing import Any

import tensorflow as tf


def never_empty(dataset: tf.data.Dataset, name: Any) -> tf.data.Dataset:
    """Makes a dataset fail where it is iterated without giving an element.

    A generator that can be read only once gives nothing when it is started again: repeated, it
    would be asked for ever, and pooled, it would be left out in silence. To look before is no way,
    since a first element that was looked at is gone.

    Args:
        dataset: A dataset of tuples.
        name: The domain's name, for the error.

    Returns:
        The same elements. An iteration that has none raises `tf.errors.InvalidArgumentError`.
    """
    optional = tf.experimental.Optional
    # The name without quotes, before which TensorFlow would put backslashes.
    message = (
        "Every domain must give elements whenever it is started; a generator that can be read only "
        f"once does not. Received: domain {name} gave no element when it was started"
    )
    # `map` makes dense what is ragged in an element, but not in a batch of one, which costs copies.
    is_ragged = any(
        isinstance(spec, tf.RaggedTensorSpec) for spec in tf.nest.flatten(dataset.element_spec)
    )
    single = dataset.batch(1) if is_ragged else dataset
    elements = single.map(lambda *element: optional.from_value(element))
    end = tf.data.Dataset.from_tensors(optional.empty(single.element_spec))

    def goes_on(number: tf.Tensor, element: tf.experimental.Optional) -> tf.Tensor:
        tf.debugging.Assert(tf.logical_or(element.has_value(), number > 0), [message])
        return element.has_value()

    numbered = elements.concatenate(end).enumerate().take_while(goes_on)
    checked = numbered.map(lambda number, element: element.get_value())
    return checked.unbatch() if is_ragged else checked
