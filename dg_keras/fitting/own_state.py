"""What a model saves beside its network and the optimizer."""

from typing import Any

import keras

from dg_keras.fitting.counters import Counters
from dg_keras.step import Memory
from dg_keras.step.generators import generators

_MAY_DIFFER = {"skipped_steps"}
"""A model that skips steps goes on from one that raised, as the error advises."""


def own_state(
    model: keras.Model, counters: Counters, memory: Memory | None
) -> dict[str, keras.Variable]:
    """The variables, by their names in a file.

    Args:
        model: The `DomainGeneralizer`, for a subclass' weights and the network's generators.
        counters: What it counts.
        memory: What objective and strategy remember; None where the domains are not known.
    """
    of_subclass = [*model._trainable_variables, *model._non_trainable_variables]
    # Keras saves the state of no seed generator, so that dropout would start anew.
    return {
        **{f"own_{i}": variable for i, variable in enumerate(of_subclass)},
        **counters.variables,
        **({} if memory is None else memory.variables),
        **{f"generator_{i}": variable for i, variable in enumerate(generators(model))},
    }


def load_own_state(state: dict[str, keras.Variable], store: Any, model: keras.Model) -> None:
    """Puts what a file holds into the variables.

    Args:
        state: As `own_state` returns it.
        store: What the file holds, by name.
        model: The `DomainGeneralizer`, whose it is.

    Raises:
        ValueError: If the file is of another kind of model.
    """
    held = set(store.keys())
    if (set(state) ^ held) - _MAY_DIFFER:
        prefixes = ("objective_", "strategy_")
        unknown = any(key.startswith(prefixes) for key in held) and not model.domain_names
        raise ValueError(
            f"{model.name}: the file must hold {', '.join(sorted(state))}. "
            f"Received: {', '.join(sorted(held)) or 'none of them'}"
            + ("; give `domains` to DomainGeneralizer" if unknown else "")
        )
    for name, variable in state.items():
        variable.assign(store[name] if name in held else 0)
