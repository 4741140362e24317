"""The domains of a `fit`, by the names that the model knows."""

from collections.abc import Mapping
from typing import Any

from dg_keras.data.feeding.domains import named
from dg_keras.fitting.checks import check_number, domain_names


def names_of(
    dataset: Any, known: tuple[str, ...] | None, reason: str | None
) -> tuple[str, ...] | None:
    """The names of a model's domains, where it is trained on a data set that is interleaved.

    Args:
        dataset: What `fit` was given; of `dg_keras.data.interleave` it has names.
        known: The model's names; None if it has none.
        reason: Why other names than these won't do; None if they will.

    Raises:
        ValueError: If the data set has others, or in another order, that won't do.
    """
    names = getattr(dataset, "domain_names", None)
    if known is None or names is None or names == known:
        return known
    check_number(names, known)
    numbers = tuple(map(str, range(len(names))))
    if names == numbers:  # of a list, which has no names
        return known
    if known == numbers:  # which are no names, either, whatever is remembered of them
        return names
    if reason is not None:
        raise ValueError(
            f"`x` must have the domains {', '.join(known)}, in this order, {reason}. "
            f"Received: {', '.join(names)}"
        )
    return names


def name_domains(
    domains: Any, known: tuple[str, ...] | None, reason: str | None
) -> tuple[tuple[str, ...], Any]:
    """Names the domains that `fit` was given, and puts them into the model's order.

    Args:
        domains: A tuple, list or dict of domains.
        known: The model's names; None if it has none yet.
        reason: Why other names than these won't do; None if they will.

    Returns:
        The names, those of the model where the domains have none, and the domains in their order.

    Raises:
        ValueError: If there are more or fewer than the model has, or others that won't do.
    """
    names = domain_names([name for name, _ in named(domains)])
    check_number(names, known)
    if not isinstance(domains, Mapping):
        return known or names, domains
    if known is None or set(names) != set(known):
        if known is not None and reason is not None:
            raise ValueError(
                f"`x` must have the domains {', '.join(known)}, {reason}. "
                f"Received: {', '.join(names)}"
            )
        return names, domains
    by_name = {str(name): domain for name, domain in domains.items()}
    return known, {name: by_name[name] for name in known}
