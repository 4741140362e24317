"""What counts as a collection of domains, and what can be told of it."""

from collections.abc import Iterator, Mapping
from typing import Any

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
    return all(isinstance(d, tf.data.Dataset) or _is_arrays(d) for _, d in named(x))


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
        The number of elements a pass; None where it is unknown or infinite.
    """
    if isinstance(domain, Domain):
        return len(domain)
    if isinstance(domain, tf.data.Dataset):
        cardinality = int(domain.cardinality())
        return cardinality if cardinality >= 0 else None
    return int(tf.nest.flatten(domain)[0].shape[0])


def check_unbatched(domains: Any, x_rank: int | None) -> None:
    """Raises if a domain is a batched dataset.

    Args:
        domains: A tuple, list or dict of domains.
        x_rank: Rank of one sample's `x` (3 for an image); None where it is unknown, and then a
            dataset is taken for batched if the first dimension of `x` and of `y` are both
            unknown, as `batch` leaves them.

    Raises:
        ValueError: Naming the first domain that is batched.
    """
    for name, domain in named(domains):
        if isinstance(domain, tf.data.Dataset) and _is_batched(domain.element_spec, x_rank):
            raise ValueError(
                f"Every domain must be given unbatched; `batch_size` batches it. Received: domain "
                f"{name!r} is a batched dataset with elements {domain.element_spec}"
            )


def _is_arrays(domain: Any) -> bool:
    return (
        isinstance(domain, tuple)
        and len(domain) in (2, 3)
        and all(len(getattr(array, "shape", ())) > 0 for array in tf.nest.flatten(domain))
    )


def _is_batched(element_spec: Any, x_rank: int | None) -> bool:
    if not isinstance(element_spec, tuple) or len(element_spec) < 2:
        return False
    x, y = (tf.nest.flatten(spec) for spec in element_spec[:2])
    if x_rank is not None:
        return any(spec.shape.rank == x_rank + 1 for spec in x)
    return all(spec.shape.rank not in (None, 0) and spec.shape[0] is None for spec in x + y)
