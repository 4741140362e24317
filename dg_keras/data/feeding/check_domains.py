"""What domains must have in common to be interleaved."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from dg_keras.data.feeding.domains import check_unbatched, domain_size, is_domains, named


def element_spec(domain: Any) -> Any:
    """Returns structure, shapes and dtypes of a domain's elements.

    Args:
        domain: An unbatched `tf.data.Dataset`, or a tuple of tensors as long as the domain.

    Returns:
        A structure of `tf.TensorSpec` without batch dimension.
    """
    if isinstance(domain, tf.data.Dataset):
        return domain.element_spec
    return tf.nest.map_structure(lambda t: tf.TensorSpec(t.shape[1:], t.dtype), domain)


def check_domains(domains: Any) -> None:
    """Raises if `domains` is no collection of domains, or one is batched or empty.

    Args:
        domains: What `interleave` was given.

    Raises:
        ValueError: Naming the first domain at fault.
    """
    if not is_domains(domains):
        raise ValueError(
            "`domains` must be a tuple, list or dict whose every element is a tf.data.Dataset or a "
            "tuple of arrays (x, y) or (x, y, sample_weight). Received: domains="
            f"{_kind(domains)}"
        )
    check_unbatched(domains, x_rank=None)
    for name, domain in named(domains):
        if _is_empty(domain):
            raise ValueError(
                f"Every domain must have at least one element. Received: domain {name!r} is empty"
            )


def check_elements(domains: Mapping[Any, Any]) -> None:
    """Raises if domains differ in the structure, shape or dtype of their elements.

    Args:
        domains: Datasets or tuples of tensors by name.

    Raises:
        ValueError: Naming the domain at fault, or the two that differ.
    """
    specs = {name: element_spec(domain) for name, domain in domains.items()}
    for name, spec in specs.items():
        if not isinstance(spec, tuple) or len(spec) not in (2, 3):
            raise ValueError(
                "A domain's elements must be (x, y) or (x, y, sample_weight). Received: domain "
                f"{name!r} with elements {spec}"
            )
    first_name, first = next(iter(specs.items()))
    for name, spec in specs.items():
        if not _are_compatible(first, spec):
            raise ValueError(
                "All domains must have elements of one structure, shape and dtype. Received: "
                f"domain {first_name!r} with {first} and domain {name!r} with {spec}"
            )


def _kind(domains: Any) -> str:
    """The types at hand, since printed arrays would hide the sentence."""
    if not isinstance(domains, tuple | list | Mapping):
        return f"<{type(domains).__name__}>"
    return f"<{type(domains).__name__} of {[type(d).__name__ for _, d in named(domains)]}>"


def _is_empty(domain: Any) -> bool:
    size = domain_size(domain)
    if size is None and int(domain.cardinality()) == tf.data.UNKNOWN_CARDINALITY:
        # Found out now: an empty dataset repeats to an empty one and would end training silently.
        return next(iter(domain.take(1)), None) is None
    return size == 0


def _are_compatible(spec: Any, other: Any) -> bool:
    try:
        tf.nest.assert_same_structure(spec, other)
    except (TypeError, ValueError):  # its only way of saying no
        return False
    pairs = zip(tf.nest.flatten(spec), tf.nest.flatten(other), strict=True)
    return all(a.is_compatible_with(b) for a, b in pairs)
