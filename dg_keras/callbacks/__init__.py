"""What any Keras project can take: they need a compiled `keras.Model` and domains, no more."""

from dg_keras.callbacks.domain_metrics import DomainMetrics
from dg_keras.callbacks.gradient_agreement import GradientAgreement
from dg_keras.callbacks.shared_backup import SharedBackup
from dg_keras.callbacks.source_selection import SourceSelection
from dg_keras.callbacks.weight_averaging import WeightAveraging

__all__ = [
    "DomainMetrics",
    "GradientAgreement",
    "SharedBackup",
    "SourceSelection",
    "WeightAveraging",
]
