"""Finds an objective by name, config or instance."""

from typing import Any

import keras

from dg_keras.objectives.empirical_risk import EmpiricalRisk
from dg_keras.objectives.group_dro import GroupDRO
from dg_keras.objectives.irm import IRM
from dg_keras.objectives.mixup import Mixup
from dg_keras.objectives.mldg import MLDG
from dg_keras.objectives.objective import Objective

BY_NAME: dict[str, type[Objective]] = {
    "empirical_risk": EmpiricalRisk,
    "irm": IRM,
    "mixup": Mixup,
    "group_dro": GroupDRO,
    "mldg": MLDG,
}


def get(identifier: str | dict[str, Any] | Objective) -> Objective:
    """Returns an objective, as `keras.losses.get` does a loss.

    Args:
        identifier: An objective; the name of one of this library ("empirical_risk") or of one
            registered with Keras ("my_project>Focal"); or a dict with "class_name" (such a name)
            and "config" (the constructor's arguments).

    Raises:
        ValueError: If there is no such objective.
    """
    if isinstance(identifier, Objective):
        return identifier
    if isinstance(identifier, str):
        return _class(identifier)()
    if isinstance(identifier, dict) and "class_name" in identifier:
        name = identifier.get("registered_name") or identifier["class_name"]
        return _class(name).from_config(identifier.get("config", {}))
    raise ValueError(
        "`objective` must be an objective, its name, or a dict with `class_name` and `config`. "
        f"Received: {identifier!r}"
    )


def _class(name: str) -> type[Objective]:
    found = BY_NAME.get(name) or keras.saving.get_registered_object(name)
    if isinstance(found, type) and issubclass(found, Objective):
        return found
    raise ValueError(
        f"`objective` must be the name of an objective, such as {', '.join(BY_NAME)}. "
        f"Received: {name!r}"
    )
