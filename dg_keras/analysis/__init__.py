"""Numbers in, numbers out: what the results mean."""

from dg_keras.analysis.confidence_band import confidence_band
from dg_keras.analysis.gradient_gram import GradientGram
from dg_keras.analysis.gradient_similarity import gradient_similarity
from dg_keras.analysis.holm import holm
from dg_keras.analysis.paired_test import paired_test, smallest_p
from dg_keras.analysis.rank_biserial import rank_biserial

__all__ = [
    "GradientGram",
    "confidence_band",
    "gradient_similarity",
    "holm",
    "paired_test",
    "rank_biserial",
    "smallest_p",
]
