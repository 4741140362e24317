"""Domain generalization via gradient surgery, for Keras."""

from dg_keras import analysis, backbones, callbacks, data, objectives, strategies
from dg_keras.model import DomainGeneralizer
from dg_keras.version import __version__

__all__ = [
    "DomainGeneralizer",
    "__version__",
    "analysis",
    "backbones",
    "callbacks",
    "data",
    "objectives",
    "strategies",
]
