"""The mean loss of each domain, as it is."""

from dg_keras.common.configured import public
from dg_keras.objectives.objective import Objective


@public
class EmpiricalRisk(Objective):
    """Each domain's mean loss, as in eq. 1 of Mansilla et al. (2021)."""
