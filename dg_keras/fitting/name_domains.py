"""The domains of a `fit`, by the names that the model knows."""

from collections.abc import Mapping
from typing import Any

from dg_keras.data.feeding.domains import named
from dg_keras.fitting.checks import check_number, domain_names


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
