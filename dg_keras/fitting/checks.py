"""What `fit` can't take, and what it derives from what it is given."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, overload

import keras
import tensorflow as tf

from dg_keras.common.check_positive_integer import check_positive_integer
from dg_keras.common.is_whole import is_whole
from dg_keras.common.one_line import one_line
from dg_keras.common.samples import check_divides
from dg_keras.data.feeding.check_domains import check_domains
from dg_keras.data.feeding.checked_batches import Classes, check_labels
from dg_keras.data.feeding.domains import (
    check_unbatched,
    domain_size,
    looks_like_domains,
    named,
)
from dg_keras.fitting.check_shapes import check_shapes

DEFAULT_BATCH = 32
"""Keras' own, where `batch_size` is not given."""


def check_net(net: Any) -> None:
    """Raises ValueError unless it is a model that leaves training to Keras."""
    if not isinstance(net, keras.Model):
        raise ValueError(f"`net` must be a keras.Model. Received: net={net!r}")
    for method in ("train_step", "compute_loss", "test_step", "predict_step", "compute_metrics"):
        if getattr(type(net), method) is not getattr(keras.Model, method):
            raise ValueError(
                f"`net` must leave `{method}` to Keras, since it is DomainGeneralizer that is "
                f"trained; override it in a subclass of DomainGeneralizer. "
                f"Received: {type(net).__name__}, which overrides `{method}`"
            )
    if net._metrics:
        raise ValueError(
            "`net` must have no metrics of its own, which Keras would show of DomainGeneralizer's "
            f"alone; give them to `compile`. Received: {type(net).__name__} with "
            f"{', '.join(metric.name for metric in net._metrics)}"
        )


@overload
def domain_names(domains: None) -> None: ...
@overload
def domain_names(domains: int | Sequence[str]) -> tuple[str, ...]: ...
def domain_names(domains: int | Sequence[str] | None) -> tuple[str, ...] | None:
    """The names; numbers where only the number of domains is known."""
    if domains is None:
        return None
    given: Any = range(int(domains)) if is_whole(domains) else domains
    is_list = isinstance(given, Sequence) and not isinstance(given, str)
    names = tuple(str(name) for name in given) if is_list else ()
    if not names or len(set(names)) < len(names) or "" in names:
        raise ValueError(
            f"`domains` must be a positive number or different names. Received: domains={domains!r}"
        )
    return names


def are_domains_to_validate_on(data: Any, net: keras.Model, x: Any) -> bool:
    """Tells whether `validation_data` is meant as domains, and not as Keras' `(x, y)`.

    A tuple of tuples may be either: two domains, or two inputs and two outputs. It is domains where
    the network has one input, and where that is not known, if `x` is domains.
    """
    if not isinstance(data, tuple) or len(data) not in (2, 3):
        return looks_like_domains(data)
    if all(isinstance(element, tf.data.Dataset) for element in data):
        return True
    inputs = getattr(net, "inputs", None)
    may_be = len(inputs) == 1 if inputs else looks_like_domains(x)
    return may_be and all(isinstance(element, tuple) for element in data)


def check_domains_alone(domains: Any, **others: Any) -> None:
    """Raises ValueError unless it is domains, and what belongs into them is not given beside."""
    check_domains(domains, argument="x")
    for name, value in others.items():
        if value is not None:
            raise ValueError(
                f"`{name}` must be None where `x` is domains, which hold (x, y) or (x, y, "
                f"sample_weight) each. Received: `{name}` of type {type(value).__name__}"
            )


def check_fits_replicas(batch_size: Any, replicas: int) -> None:
    """Raises ValueError unless each replica gets a slice that begins with the first domain."""
    check_positive("batch_size", batch_size)
    if batch_size % replicas:
        raise ValueError(
            f"`batch_size` must be a multiple of the {replicas} replicas. "
            f"Received: batch_size={batch_size}"
        )


def check_positive(name: str, value: Any) -> None:
    """Raises ValueError unless it is None or a positive integer."""
    if value is not None:
        check_positive_integer(name, value)


def check_stays_interleaved(
    x: Any,
    y: Any,
    batch_size: int | None,
    fit_arguments: dict[str, Any],
    domains: tuple[str, ...] | None,
    replicas: int,
) -> None:
    """Raises ValueError if Keras would mix the domains of arrays that are interleaved."""
    arrays = [array for array in keras.tree.flatten(x) if array is not None]
    are_arrays = all(hasattr(array, "shape") for array in arrays)
    by_name = isinstance(x, Mapping) and domains is not None and {*map(str, x)} == {*domains}
    if (by_name and y is None) or (domains is None and (are_arrays or isinstance(x, list | tuple))):
        kind = type(x).__name__
        if isinstance(x, list | tuple | Mapping):
            values = x.values() if isinstance(x, Mapping) else x
            kind += f" of {', '.join(type(value).__name__ for value in values)}"
        raise ValueError(
            "`x` must be domains, a dict, tuple or list whose every element is a tuple (x, y) of "
            "arrays or a tf.data.Dataset; or `domains` must be given to DomainGeneralizer, for "
            f"data that are already interleaved. Received: `x` of type {one_line(kind)}"
        )
    if not are_arrays:
        return  # a dataset, whose order is its own
    if fit_arguments.get("shuffle", True):
        raise ValueError(
            "`shuffle` must be False for arrays that are already interleaved: Keras would mix "
            "the domains. Received: shuffle=True"
        )
    # As Keras splits them.
    split = fit_arguments.get("validation_split") or 0.0
    samples = math.floor(int(arrays[0].shape[0]) * (1 - split))
    steps = fit_arguments.get("steps_per_epoch")
    size = batch_size or (math.ceil(samples / steps) if steps else DEFAULT_BATCH)
    if domains is not None:
        for number in (min(size, samples), samples % size):
            check_divides(number, len(domains) * replicas)


def check_dataset(
    x: Any, steps: int | None, domains: tuple[str, ...] | None, together: int
) -> None:
    """Raises ValueError if a dataset has no end, or holds another number of domains."""
    if not isinstance(x, tf.data.Dataset):
        return
    if steps is None and int(x.cardinality()) == tf.data.INFINITE_CARDINALITY:
        raise ValueError(
            "`steps_per_epoch` must be given for a dataset without end, such as that of "
            "dg_keras.data.interleave. Received: steps_per_epoch=None"
        )
    if steps is not None and int(x.cardinality()) == tf.data.INFINITE_CARDINALITY:
        check_executions(steps, together)
    check_number(getattr(x, "domain_names", domains), domains)


def check_number(names: tuple[str, ...] | None, known: tuple[str, ...] | None) -> None:
    """Raises ValueError unless there are as many domains as the model knows, if it knows any."""
    if known is not None and names is not None and len(names) != len(known):
        raise ValueError(
            f"`x` must have as many domains as the model: {len(known)} ({', '.join(known)}). "
            f"Received: {len(names)} ({', '.join(names)})"
        )


def steps_per_epoch(domains: Any, batch_size: int) -> int:
    """The steps that the largest domain lasts."""
    sizes = {name: domain_size(domain) for name, domain in named(domains)}
    known = [size for size in sizes.values() if size is not None]
    if len(known) < len(sizes):
        unknown = next(name for name, size in sizes.items() if size is None)
        raise ValueError(
            "`steps_per_epoch` must be given where a domain's size is unknown or infinite. "
            f"Received: steps_per_epoch=None, and domain {unknown!r} of no known size"
        )
    return -(-max(known) // batch_size)


def check_executions(steps: int, together: int) -> None:
    """Raises ValueError unless an epoch is of whole executions.

    Data have no end at which Keras would break one off.
    """
    if steps % together:
        raise ValueError(
            "`steps_per_epoch` must be a multiple of `steps_per_execution` where data have no end, "
            f"as domains. Received: steps_per_epoch={steps}, steps_per_execution={together}"
        )


def check_evaluated(
    domains: Any, net: keras.Model, classes: Classes | None, argument: str = "x"
) -> None:
    """Raises ValueError if domains can't be evaluated: batched ones, of other shapes or labels."""
    check_unbatched(domains, sample_rank(net))
    check_shapes(domains, net, argument)
    check_labels(domains, classes, argument)
    domain_names([name for name, _ in named(domains)])


def sample_rank(net: keras.Model) -> int | None:
    """The rank of one sample, where the network has one input and knows it."""
    inputs = getattr(net, "inputs", None)
    return len(inputs[0].shape) - 1 if inputs and len(inputs) == 1 else None
