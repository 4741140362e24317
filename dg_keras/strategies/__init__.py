"""N domain gradients -> one gradient. Knows TensorFlow, nothing else of the project."""

from dg_keras.strategies.agr_rand import AgrRand
from dg_keras.strategies.agr_sum import AgrSum
from dg_keras.strategies.aligned_mtl import AlignedMTL
from dg_keras.strategies.and_mask import AndMask
from dg_keras.strategies.cagrad import CAGrad
from dg_keras.strategies.compare import compare
from dg_keras.strategies.comparison import Comparison
from dg_keras.strategies.dual_proj import DualProj
from dg_keras.strategies.fair_grad import FairGrad
from dg_keras.strategies.fold_strategy import FoldStrategy
from dg_keras.strategies.geometric_mean import GeometricMean
from dg_keras.strategies.get import get
from dg_keras.strategies.grad_drop import GradDrop
from dg_keras.strategies.grad_vac import GradVac
from dg_keras.strategies.gram_matrix import gram_matrix
from dg_keras.strategies.gram_strategy import GramStrategy, weighted_sum
from dg_keras.strategies.imtl_g import IMTLG
from dg_keras.strategies.mean import Mean
from dg_keras.strategies.mgda import MGDA
from dg_keras.strategies.nash_mtl import NashMTL
from dg_keras.strategies.pcgrad import PCGrad
from dg_keras.strategies.sand_mask import SandMask
from dg_keras.strategies.seeded import Seeded
from dg_keras.strategies.stateful_strategy import StatefulStrategy
from dg_keras.strategies.strategy import Strategy
from dg_keras.strategies.trimmed_mean import TrimmedMean
from dg_keras.strategies.upgrad import UPGrad

__all__ = [
    "IMTLG",
    "MGDA",
    "AgrRand",
    "AgrSum",
    "AlignedMTL",
    "AndMask",
    "CAGrad",
    "Comparison",
    "DualProj",
    "FairGrad",
    "FoldStrategy",
    "GeometricMean",
    "GradDrop",
    "GradVac",
    "GramStrategy",
    "Mean",
    "NashMTL",
    "PCGrad",
    "SandMask",
    "Seeded",
    "StatefulStrategy",
    "Strategy",
    "TrimmedMean",
    "UPGrad",
    "compare",
    "get",
    "gram_matrix",
    "weighted_sum",
]
