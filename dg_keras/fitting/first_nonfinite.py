"""The first weight that is not a number."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf


def first_nonfinite(weights: Sequence[keras.Variable]) -> str | None:
    """The path of the first weight with an infinite component or a NaN; None where there is none.

    Args:
        weights: Some weights.
    """
    for weight in weights:
        # A sum of squares is the fastest look at all components, and infinite for some large ones.
        if not np.isfinite(tf.nn.l2_loss(weight)) and not np.isfinite(weight.numpy()).all():
            return weight.path
    return None
