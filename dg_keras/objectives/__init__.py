"""The domains' batches -> a loss, and so a gradient, per domain."""

from dg_keras.objectives.batch import Batch
from dg_keras.objectives.coral import CORAL
from dg_keras.objectives.empirical_risk import EmpiricalRisk
from dg_keras.objectives.feature_objective import FeatureObjective
from dg_keras.objectives.fishr import Fishr
from dg_keras.objectives.get import get
from dg_keras.objectives.group_dro import GroupDRO
from dg_keras.objectives.head import Head
from dg_keras.objectives.irm import IRM
from dg_keras.objectives.mixup import Mixup
from dg_keras.objectives.mldg import MLDG
from dg_keras.objectives.mmd import MMD
from dg_keras.objectives.objective import Objective
from dg_keras.objectives.risk import Risk
from dg_keras.objectives.rsc import RSC
from dg_keras.objectives.view import View
from dg_keras.objectives.vrex import VREx

__all__ = [
    "CORAL",
    "IRM",
    "MLDG",
    "MMD",
    "RSC",
    "Batch",
    "EmpiricalRisk",
    "FeatureObjective",
    "Fishr",
    "GroupDRO",
    "Head",
    "Mixup",
    "Objective",
    "Risk",
    "VREx",
    "View",
    "get",
]
