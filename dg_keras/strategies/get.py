"""Finds a strategy by name, config or instance."""

from typing import Any

from dg_keras.common.configured import look_up
from dg_keras.strategies.agr_rand import AgrRand
from dg_keras.strategies.agr_sum import AgrSum
from dg_keras.strategies.aligned_mtl import AlignedMTL
from dg_keras.strategies.and_mask import AndMask
from dg_keras.strategies.cagrad import CAGrad
from dg_keras.strategies.dual_proj import DualProj
from dg_keras.strategies.fair_grad import FairGrad
from dg_keras.strategies.geometric_mean import GeometricMean
from dg_keras.strategies.grad_drop import GradDrop
from dg_keras.strategies.grad_vac import GradVac
from dg_keras.strategies.imtl_g import IMTLG
from dg_keras.strategies.mean import Mean
from dg_keras.strategies.mgda import MGDA
from dg_keras.strategies.nash_mtl import NashMTL
from dg_keras.strategies.pcgrad import PCGrad
from dg_keras.strategies.sand_mask import SandMask
from dg_keras.strategies.strategy import Strategy
from dg_keras.strategies.trimmed_mean import TrimmedMean
from dg_keras.strategies.upgrad import UPGrad

BY_NAME: dict[str, type[Strategy]] = {
    "mean": Mean,
    "agr_sum": AgrSum,
    "agr_rand": AgrRand,
    "pcgrad": PCGrad,
    "grad_vac": GradVac,
    "mgda": MGDA,
    "cagrad": CAGrad,
    "nash_mtl": NashMTL,
    "imtl_g": IMTLG,
    "aligned_mtl": AlignedMTL,
    "upgrad": UPGrad,
    "dual_proj": DualProj,
    "fair_grad": FairGrad,
    "and_mask": AndMask,
    "sand_mask": SandMask,
    "grad_drop": GradDrop,
    "trimmed_mean": TrimmedMean,
    "geometric_mean": GeometricMean,
}


def get(identifier: str | dict[str, Any] | Strategy) -> Strategy:
    """Returns a strategy, as `keras.losses.get` does a loss.

    Args:
        identifier: A strategy; the name of one of this library ("agr_sum") or of one registered
            with Keras ("my_project>Median"); or a dict with "class_name" (such a name) and
            "config" (the constructor's arguments).

    Raises:
        ValueError: If there is no such strategy.
    """
    return look_up(identifier, "strategy", Strategy, BY_NAME)
