"""What makes up for components that are masked."""

import tensorflow as tf

from dg_keras.strategies.totals import totals


def rescaled(masked: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """A variable's gradient, divided by the mean of its mask; 0 where all is masked.

    Args:
        masked: Gradient times mask, of any shape.
        mask: From 0 to 1, of that shape.
    """
    (total,) = totals(lambda part: [part], mask)
    mean = total / tf.cast(tf.size(mask), mask.dtype)
    # Divided in any case, so that infinities and NaNs stay.
    return masked / tf.cast(tf.where(mean > 0, mean, tf.ones_like(mean)), masked.dtype)
