"""The domains' batches -> a loss, and so a gradient, a domain. Imports nothing of the rest."""

from dg_keras.objectives.empirical_risk import EmpiricalRisk
from dg_keras.objectives.get import get
from dg_keras.objectives.group_dro import GroupDRO
from dg_keras.objectives.irm import IRM
from dg_keras.objectives.mixup import Mixup
from dg_keras.objectives.mldg import MLDG
from dg_keras.objectives.objective import Objective

__all__ = ["IRM", "MLDG", "EmpiricalRisk", "GroupDRO", "Mixup", "Objective", "get"]
