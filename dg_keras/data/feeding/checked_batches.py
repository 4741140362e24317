"""Interleaved batches that are looked at before a step takes them.

A step that XLA compiles raises nothing: it would train on domains that are mixed, and on labels
that are outside of the classes.
"""

import inspect
from collections.abc import Iterator
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from dg_keras.common.samples import check_divides, first_of, number_of_samples, rule_of_division
from dg_keras.data.feeding.domain import Domain
from dg_keras.data.feeding.domains import named
from dg_keras.data.feeding.map_in_place import map_in_place

_ROUNDED = 1e-6  # what a binary label that was mixed of others may be off by


class Classes(NamedTuple):
    """What labels may be: numbers from 0 on, and one that the loss ignores; or 0, 1 and between.

    Args:
        number: The number of classes.
        ignored: A label that stands for no class, or None.
        is_binary: Whether labels are 0 and 1, or what lies between. Those of samples that have
            weights may be anything: a label that is not known is often told by a weight of 0.
    """

    number: int
    ignored: int | None = None
    is_binary: bool = False


def check_labels(domains: Any, classes: Classes | None, argument: str = "x") -> bool:
    """Checks the labels of domains that can be looked at: arrays and images on disk.

    Args:
        domains: A tuple, list or dict of domains.
        classes: What they may be; None for anything.
        argument: What the domains' argument is called.

    Returns:
        Whether all labels have been looked at, or need not be.

    Raises:
        ValueError: Naming the domain whose labels are outside of the classes.
    """
    if classes is None:
        return True
    are_seen = True
    for name, domain in named(domains):
        if not isinstance(domain, tf.data.Dataset) and not _are_looked_at(classes, *domain[2:]):
            continue
        labels = _labels(domain)
        if labels is not None:
            of = "" if argument == "x" else f" of `{argument}`"
            _check_classes(labels, classes, f"domain {name!r}{of}")
        are_seen &= labels is not None
    return are_seen


def check_labels_of_arrays(y: Any, classes: Classes | None, weight: Any = None) -> None:
    """Raises ValueError if `y`, an array, holds labels outside of the classes.

    Args:
        y: The labels.
        classes: What they may be; None for anything.
        weight: The samples' weights, or None.
    """
    if classes is not None and _are_looked_at(classes, weight) and hasattr(y, "shape"):
        _check_classes(np.asarray(y), classes, "`y`")


def checked_batches(x: Any, domains: int, classes: Classes | None) -> Any:
    """The batches, each looked at when it is drawn.

    Args:
        x: A `tf.data.Dataset`, a generator or a `keras.utils.PyDataset` of `(x, y, ...)`; anything
            else is returned as it is.
        domains: The number of domains, which must divide the number of samples.
        classes: What the labels `y` may be; None for anything.

    Returns:
        The same batches. One that is wrong raises an error when it is drawn.
    """
    if isinstance(x, tf.data.Dataset):
        return _checked_dataset(x, domains, classes)
    if isinstance(x, keras.utils.PyDataset):
        return _CheckedPyDataset(x, domains, classes)
    if inspect.isgenerator(x):
        return _checked(x, domains, classes)
    return x


def _checked_dataset(
    dataset: tf.data.Dataset, domains: int, classes: Classes | None
) -> tf.data.Dataset:
    spec = dataset.element_spec
    elements = spec if isinstance(spec, tuple) else (spec,)
    size = first_of(elements[0]).shape[0]
    labels = tf.nest.flatten(elements[1]) if len(elements) > 1 else []
    is_dense = len(labels) == 1 and isinstance(labels[0], tf.TensorSpec)
    looked_at = classes if is_dense and _are_looked_at(classes, *elements[2:]) else None
    if looked_at is not None and labels[0].dtype == tf.string:
        raise ValueError(f"{_rule(looked_at)}. Received: labels that are text")
    if size is not None and size % domains == 0 and looked_at is None:
        return dataset

    def look(*batch: Any) -> Any:
        if size is None or size % domains:
            samples = number_of_samples(batch[0])
            tf.debugging.assert_equal(
                samples % domains, tf.zeros_like(samples), rule_of_division(domains)
            )
        if looked_at is not None:
            given = tf.nest.flatten(batch[1])[0]
            if looked_at.is_binary:
                is_class = tf.abs(tf.cast(given, tf.float32) - 0.5) <= 0.5 + _ROUNDED
            else:
                given = tf.cast(given, tf.int64)
                # Without a sign, what is negative is above all classes: operations cost, each.
                is_class = tf.cast(given, tf.uint64) < looked_at.number
            if looked_at.ignored is not None:
                is_class |= given == looked_at.ignored
            tf.raw_ops.Assert(condition=tf.reduce_all(is_class), data=[_rule(looked_at), given])
        return batch if len(batch) > 1 else batch[0]

    return map_in_place(dataset, look)


class _CheckedPyDataset(keras.utils.PyDataset):
    """Another's batches, looked at."""

    def __init__(
        self, batches: keras.utils.PyDataset, domains: int, classes: Classes | None
    ) -> None:
        super().__init__(batches.workers, batches.use_multiprocessing, batches.max_queue_size)
        self._batches = batches
        self._check = (domains, classes)

    @property
    def num_batches(self) -> int | None:
        """The number of batches in an epoch, or None."""
        return self._batches.num_batches

    def __getitem__(self, index: int) -> Any:
        return _check(self._batches[index], *self._check)

    def on_epoch_begin(self) -> None:
        """Hands on."""
        self._batches.on_epoch_begin()

    def on_epoch_end(self) -> None:
        """Hands on."""
        self._batches.on_epoch_end()


def _checked(batches: Iterator[Any], domains: int, classes: Classes | None) -> Iterator[Any]:
    for batch in batches:
        yield _check(batch, domains, classes)


def _check(batch: Any, domains: int, classes: Classes | None) -> Any:
    """Raises ValueError if the batch is not as it must be; returns it."""
    x, y, *weight = batch if isinstance(batch, tuple) and len(batch) > 1 else (batch, None)
    # What Keras takes has a shape; sparse and ragged batches, SciPy's among them, have no length.
    check_divides(int(first_of(x).shape[0]), domains)
    if y is not None:
        check_labels_of_arrays(tf.nest.flatten(y)[0], classes, *weight)
    return batch


def _are_looked_at(classes: Classes | None, weight: Any = None) -> bool:
    return classes is not None and (weight is None or not classes.is_binary)


def _labels(domain: Any) -> np.ndarray | None:
    """A domain's labels, where they can be looked at without reading it."""
    if isinstance(domain, Domain):
        return None if domain.transforms else domain.labels
    if isinstance(domain, tf.data.Dataset):
        return None
    labels = tf.nest.flatten(domain[1])
    is_one = len(labels) == 1 and not isinstance(labels[0], tf.RaggedTensor | tf.SparseTensor)
    return np.asarray(labels[0]) if is_one else None


def _check_classes(labels: np.ndarray, classes: Classes, where: str) -> None:
    if labels.dtype.kind not in "biuf":
        raise ValueError(f"{_rule(classes)}. Received: labels of dtype {labels.dtype} in {where}")
    if classes.is_binary:
        is_class = (labels >= -_ROUNDED) & (labels <= 1 + _ROUNDED)
    else:  # Floats are cast where the loss is taken: NaN, too, would be some class.
        is_class = (labels >= 0) & (labels < classes.number) & (labels == np.trunc(labels))
    outside = labels[(labels != classes.ignored) & ~is_class]
    if outside.size:
        raise ValueError(f"{_rule(classes)}. Received: label {outside.flat[0]} in {where}")


def _rule(classes: Classes) -> str:
    if classes.is_binary:
        return "A label must be 0 or 1, or lie between, where the loss is a binary crossentropy"
    ignored = "" if classes.ignored is None else f", or {classes.ignored}, which is ignored"
    return (
        f"A label must be the number of a class, from 0 to {classes.number - 1} for the network's "
        f"{classes.number} classes{ignored}"
    )
