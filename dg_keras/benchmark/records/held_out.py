"""The domains that an experiment holds out."""

import difflib

from dg_keras.benchmark.config.config import Config
from dg_keras.benchmark.records.inventory import Inventory
from dg_keras.common.shortened import shortened

AVERAGE = "average"
"""What a table calls the mean over the held-out domains, and no domain may be called."""


def held_out(config: Config, inventory: Inventory) -> list[str]:
    """The domains to hold out, one after the other.

    Args:
        config: The experiment.
        inventory: The domains that there are.

    Raises:
        ValueError: If there is no such domain, or nothing to validate or test on.
    """
    domains = inventory.domains
    targets = list(domains) if config.targets == "all" else list(config.targets)
    if not targets or AVERAGE in targets:
        raise ValueError(
            f"`targets` must be domains, none of them called {AVERAGE!r}. "
            f"Received: {shortened(targets)}"
        )
    given = [(target, f"`targets`: {shortened(target)}") for target in targets]
    given += [
        (target, f"`methods`: {shortened(target)}, in `targets` of {shortened(method.name)},")
        for method in config.methods
        for target in method.targets
    ]
    for target, told in given:
        if target not in domains:
            near = difflib.get_close_matches(target, domains, n=1, cutoff=0) or domains
            raise ValueError(
                f"{told} is no domain of {config.data.name}, which has {', '.join(domains)}. "
                f"Nearest: {near[0]}"
            )
    if len(domains) < 2:
        raise ValueError(
            f"`data` must have a domain to train on beside the one that is held out. Received: "
            f"{config.data.name}, whose only domain is {', '.join(domains)}"
        )
    for target in targets:
        sources = [name for name in domains if name != target]
        if not sum(inventory.size(source, "validation") for source in sources):
            raise ValueError(f"No image is left to validate on where {target} is held out")
        if not inventory.size(target, None if config.data.test == "whole" else "test"):
            raise ValueError(f"No image of {target} is left to test on")
    return targets
