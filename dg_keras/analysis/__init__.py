"""Numbers in, numbers out: what the results mean."""

from dg_keras.analysis.paired_test import paired_test, smallest_p

__all__ = ["paired_test", "smallest_p"]
