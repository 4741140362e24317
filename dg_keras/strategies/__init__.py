"""N domain gradients -> one gradient. Knows TensorFlow, nothing else of the project."""

from dg_keras.strategies.agr_rand import AgrRand
from dg_keras.strategies.agr_sum import AgrSum
from dg_keras.strategies.fold_strategy import FoldStrategy
from dg_keras.strategies.get import get
from dg_keras.strategies.gram_strategy import GramStrategy
from dg_keras.strategies.mean import Mean
from dg_keras.strategies.pcgrad import PCGrad
from dg_keras.strategies.seeded import Seeded
from dg_keras.strategies.strategy import Strategy

__all__ = [
    "AgrRand",
    "AgrSum",
    "FoldStrategy",
    "GramStrategy",
    "Mean",
    "PCGrad",
    "Seeded",
    "Strategy",
    "get",
]
