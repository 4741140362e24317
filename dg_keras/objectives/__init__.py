"""The domains' batches -> a loss, and so a gradient, a domain. Imports nothing of the rest."""

from dg_keras.objectives.empirical_risk import EmpiricalRisk
from dg_keras.objectives.get import get
from dg_keras.objectives.objective import Objective

__all__ = ["EmpiricalRisk", "Objective", "get"]
