"""Finds an objective by name, config or instance."""

from typing import Any

from dg_keras.common.configured import look_up
from dg_keras.objectives.coral import CORAL
from dg_keras.objectives.empirical_risk import EmpiricalRisk
from dg_keras.objectives.fishr import Fishr
from dg_keras.objectives.group_dro import GroupDRO
from dg_keras.objectives.irm import IRM
from dg_keras.objectives.mixup import Mixup
from dg_keras.objectives.mldg import MLDG
from dg_keras.objectives.mmd import MMD
from dg_keras.objectives.objective import Objective
from dg_keras.objectives.rsc import RSC
from dg_keras.objectives.vrex import VREx

BY_NAME: dict[str, type[Objective]] = {
    "empirical_risk": EmpiricalRisk,
    "irm": IRM,
    "mixup": Mixup,
    "group_dro": GroupDRO,
    "mldg": MLDG,
    "vrex": VREx,
    "coral": CORAL,
    "mmd": MMD,
    "fishr": Fishr,
    "rsc": RSC,
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
    return look_up(identifier, "objective", Objective, BY_NAME)
