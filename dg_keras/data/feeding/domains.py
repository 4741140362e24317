"""What counts as a collection of domains, and what can be told of it."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from dg_keras.data.feeding.domain import Domain


def is_domains(x: Any) -> bool:
    """Tells whether `x` is a collection of domains.

    It is if it is a non-empty tuple, list or dict whose every element is a `tf.data.Dataset` or
    a tuple `(x, y)` or `(x, y, sample_weight)` of arrays (each of them may be nested, as Keras'
    inputs may). A tuple, list or dict of plain arrays is not.

    Args:
        x: Anything.

    Returns:
        Whether `interleave` takes it.
    """
    if not isinstance(x, tuple | list | Mapping) or len(x) == 0:
        return False
    return all(fault_of(domain) is None for _, domain in named(x))


def looks_like_domains(x: Any) -> bool:
    """Tells whether `x` is evidently meant as a collection of domains, well made or not.

    Keras' own inputs may be nested too, so that plain arrays in a tuple, list or dict are none, nor
    are lists of them.

    Args:
        x: Anything.

    Returns:
        Whether it is a tuple, list or dict that is empty, or of whose elements one is a
        `tf.data.Dataset` or a tuple.
    """
    if not isinstance(x, tuple | list | Mapping):
        return False
    return len(x) == 0 or any(isinstance(d, tf.data.Dataset | tuple) for _, d in named(x))


def fault_of(domain: Any) -> str | None:
    """Tells what is wrong with what should be a domain, without looking at its elements.

    Args:
        domain: Anything.

    Returns:
        The end of a sentence that begins with "domain 'a'"; None where nothing is wrong.
    """
    if isinstance(domain, tf.data.Dataset):
        return None
    if not isinstance(domain, tuple):
        return f"is of type {type(domain).__name__}"
    if len(domain) not in (2, 3):
        return f"is a tuple of {len(domain)}"
    for array in tf.nest.flatten(domain):
        if not hasattr(array, "shape"):
            return f"holds {type(array).__name__} where an array should be"
        if str(getattr(array, "dtype", "")) == "object":
            return "holds an array of Python objects where one of numbers should be"
        kinds: Any = getattr(array, "dtypes", getattr(array, "dtype", None))  # a table has several
        if any(getattr(kind, "kind", "") in ("m", "M") for kind in np.atleast_1d(kinds)):
            return "holds dates or durations where an array of numbers should be"
        if len(array.shape) == 0:
            return "holds a single number where an array should be"
    return None


def named(domains: Any) -> Iterator[tuple[Any, Any]]:
    """Yields each domain with the name that errors use: its key or its position.

    Args:
        domains: A tuple, list or dict.

    Returns:
        Iterator over `(name, domain)`.
    """
    return iter(domains.items() if isinstance(domains, Mapping) else enumerate(domains))


def domain_size(domain: Any) -> int | None:
    """Returns how many elements a domain has.

    Args:
        domain: A `Domain`, a tuple of arrays or an unbatched `tf.data.Dataset`.

    Returns:
        The number of elements per pass; None where it is unknown or infinite.
    """
    if isinstance(domain, tf.data.Dataset) and not isinstance(domain, Domain):
        cardinality = int(domain.cardinality())
        return cardinality if cardinality >= 0 else None
    return number_of_rows(domain)


def number_of_rows(domain: Any) -> int:
    """Returns how many elements a domain has whose elements can be taken by number.

    Args:
        domain: A `Domain` or a tuple of arrays.
    """
    if isinstance(domain, Domain):
        return len(domain)
    return int(tf.nest.flatten(domain)[0].shape[0])


def is_of_unknown_size(dataset: tf.data.Dataset) -> bool:
    """Tells whether only an iteration can show how many elements a dataset has.

    Args:
        dataset: Any dataset.

    Returns:
        Whether its cardinality is unknown; an infinite one is known.
    """
    return int(dataset.cardinality()) == tf.data.UNKNOWN_CARDINALITY


def check_finite(domains: Any) -> None:
    """Raises if a domain is a dataset without end.

    Args:
        domains: A tuple, list or dict of domains.

    Raises:
        ValueError: Naming the first domain that has no end.
    """
    for name, domain in named(domains):
        is_dataset = isinstance(domain, tf.data.Dataset)
        if is_dataset and int(domain.cardinality()) == tf.data.INFINITE_CARDINALITY:
            raise ValueError(f"Every domain must be finite. Received: domain {name!r} is not")


def check_unbatched(domains: Any, x_rank: int | None) -> None:
    """Raises if a domain is a batched dataset.

    Args:
        domains: A tuple, list or dict of domains.
        x_rank: Rank of one sample's `x` (3 for an image) in the network, for which Keras takes away
            a last side of 1 more: where `x` has one, a dataset is taken for batched if `x` and `y`
            may have the same first dimension. None where the rank is unknown, and then a dataset is
            taken for batched if the first dimension of `x` and of `y`, and no other, is unknown, as
            `batch` leaves them.

    Raises:
        ValueError: Naming the first domain that is batched.
    """
    for name, domain in named(domains):
        if isinstance(domain, tf.data.Dataset) and _is_batched(domain.element_spec, x_rank):
            raise ValueError(
                f"Every domain must be given unbatched; `batch_size` batches it. Received: domain "
                f"{name!r} is a batched dataset with elements {domain.element_spec}"
            )


def _is_batched(element_spec: Any, x_rank: int | None) -> bool:
    if not isinstance(element_spec, tuple) or len(element_spec) < 2:
        return False
    x, y = (tf.nest.flatten(spec) for spec in element_spec[:2])
    if x_rank is not None:
        deeper = [spec.shape for spec in x if spec.shape.rank == x_rank + 1]
        may_be_squeezed = all(shape[-1] == 1 for shape in deeper)
        return bool(deeper) and (not may_be_squeezed or _may_share_first_side(x + y))
    # More unknown dimensions are those of images or masks of varying size.
    return all(
        spec.shape.rank not in (None, 0)
        and spec.shape[0] is None
        and spec.shape[1:].is_fully_defined()
        for spec in x + y
    )


def _may_share_first_side(specs: list[Any]) -> bool:
    """Whether all may be batches of as many samples."""
    shapes = [spec.shape for spec in specs if spec.shape.rank is not None]
    if any(shape.rank == 0 for shape in shapes):
        return False
    return len({shape[0] for shape in shapes} - {None}) <= 1
