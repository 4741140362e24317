"""What domains must have in common to be interleaved."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from dg_keras.data.feeding.as_column import as_column
from dg_keras.data.feeding.domains import check_unbatched, domain_size, fault_of, named

_PARTS = ("x", "y", "sample_weight")


def element_spec(domain: Any) -> Any:
    """Returns structure, shapes and dtypes of a domain's elements.

    Args:
        domain: An unbatched `tf.data.Dataset`, or a tuple of arrays as long as the domain.

    Returns:
        A structure of `tf.TypeSpec` without batch dimension.
    """
    if isinstance(domain, tf.data.Dataset):
        return domain.element_spec
    return tf.nest.map_structure(_row_spec, domain)


def check_domains(domains: Any, argument: str = "domains") -> None:
    """Raises if `domains` is no collection of domains, or one is batched or empty.

    A dataset of unknown size is not looked into, since an element that was looked at may be gone;
    `interleave` and `pooled` tell when they find it empty.

    Args:
        domains: What `interleave` was given.
        argument: What the argument is called.

    Raises:
        ValueError: Naming the first domain at fault.
    """
    if not isinstance(domains, tuple | list | Mapping) or len(domains) == 0:
        kind = f"of type {type(domains).__name__}"
        if isinstance(domains, tuple | list | Mapping):
            kind = "empty"
        elif isinstance(domains, tf.data.Dataset):
            kind = "a single tf.data.Dataset"
        raise ValueError(
            f"`{argument}` must be a tuple, list or dict of at least one domain. Received: "
            f"{argument} is {kind}"
        )
    for name, domain in named(domains):
        fault = fault_of(domain)
        if fault is not None:
            raise ValueError(
                f"Every domain in `{argument}` must be a tf.data.Dataset or a tuple (x, y) or "
                "(x, y, sample_weight) of NumPy arrays or tensors. Received: "
                f"domain {name!r} {fault}"
            )
        _check_lengths(name, domain)
    check_unbatched(domains, x_rank=None)
    for name, domain in named(domains):
        if domain_size(domain) == 0:
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
        is_pair = isinstance(spec, tuple) and len(spec) in (2, 3)
        # What is None has a spec without a dtype.
        if not is_pair or any(getattr(of, "dtype", None) is None for of in tf.nest.flatten(spec)):
            raise ValueError(
                "A domain's elements must be (x, y) or (x, y, sample_weight). Received: domain "
                f"{name!r} with elements {spec}"
            )
    first_name, first = next(iter(specs.items()))
    for name, spec in specs.items():
        if not _are_compatible(first, spec):
            place, one, other = _first_apart(first, spec)
            raise ValueError(
                "All domains must have elements of one structure, shape and dtype. Received: "
                f"{place} is {_told(one)} in domain {first_name!r} and {_told(other)} in domain "
                f"{name!r}"
            )


def check_each(domains: Any) -> None:
    """Raises if `domains` is no collection of domains, or one can't be looked at by itself.

    Args:
        domains: A tuple, list or dict of domains, whose elements may differ.

    Raises:
        ValueError: Naming the first domain at fault.
    """
    check_domains(domains)
    for name, domain in named(domains):
        check_elements({name: domain})


def _row_spec(array: Any) -> tf.TypeSpec:
    if isinstance(array, tf.SparseTensor):
        return tf.SparseTensorSpec(array.shape[1:], array.dtype)
    if isinstance(array, tf.RaggedTensor):
        # A row of a tensor of ragged rank 1 is dense, and yet a ragged one among others.
        return tf.RaggedTensorSpec(
            array.shape[1:], array.dtype, array.ragged_rank - 1, array.row_splits.dtype
        )
    row = tf.convert_to_tensor(as_column(array)[:1])  # a pandas.DataFrame has no one dtype
    return tf.TensorSpec(row.shape[1:], row.dtype)


def _check_lengths(name: Any, domain: Any) -> None:
    if isinstance(domain, tf.data.Dataset):
        return
    lengths = [array.shape[0] for array in tf.nest.flatten(domain)]
    if len(set(lengths)) > 1:
        raise ValueError(
            f"All arrays of a domain must have one length. Received: domain {name!r} with arrays "
            f"of lengths {lengths}"
        )


def _first_apart(spec: Any, other: Any, place: str = "") -> tuple[str, Any, Any]:
    """Where elements first differ, such as "x['age']", and what there is in both."""
    if isinstance(spec, Mapping) and isinstance(other, Mapping) and spec.keys() == other.keys():
        inner = [(f"{place}[{key!r}]", spec[key], other[key]) for key in spec]
    elif isinstance(spec, tuple) and isinstance(other, tuple) and len(spec) == len(other):
        names = _PARTS if not place else [f"{place}[{i}]" for i in range(len(spec))]
        inner = list(zip(names, spec, other, strict=False))
    else:
        return place or "(x, y)", spec, other
    for at, one, another in inner:
        if not _are_compatible(one, another):
            return _first_apart(one, another, at)
    return place or "(x, y)", spec, other  # tuples of other types


def _told(spec: Any) -> str:
    if isinstance(spec, tf.TensorSpec):
        return f"{spec.dtype.name} of shape {spec.shape}"
    return f"{spec} ({type(spec).__name__})"


def _are_compatible(spec: Any, other: Any) -> bool:
    try:
        tf.nest.assert_same_structure(spec, other)
    except (TypeError, ValueError):  # its only way of saying no
        return False
    pairs = zip(tf.nest.flatten(spec), tf.nest.flatten(other), strict=True)
    return all(a.is_compatible_with(b) for a, b in pairs)
