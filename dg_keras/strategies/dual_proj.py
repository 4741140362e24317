"""DualProj: the mean gradient's projection onto what conflicts with no domain."""

from typing import ClassVar

import tensorflow as tf

from dg_keras.common.configured import public
from dg_keras.strategies.dual_cone import DualCone, projected


@public
class DualProj(DualCone):
    """The projection of Lopez-Paz & Ranzato, "Gradient episodic memory" (2017).

    The mean of the domains' gradients, projected onto the cone of directions that conflict with no
    domain. For at most 10 domains.

    Args:
        ridge: What is added to the diagonal of the Gram matrix, as a part of its trace: a step that
            is projected conflicts by about as much; with 0 it does not.

    Examples:
        >>> dg_keras.strategies.DualProj(ridge=0.0)([[[1.0, 0.0]], [[-3.0, 1.0]]])[0].numpy()
        array([0. , 0.5], dtype=float32)
    """

    can_be_compiled: ClassVar[bool] = True

    def weights(self, gram: tf.Tensor, step: int | tf.Tensor) -> tf.Tensor:
        """The weights of the mean's projection."""
        domains = gram.shape[0]
        mean = tf.fill([domains, 1], tf.constant(1 / domains, tf.float64))
        return tf.cast(projected(gram, mean, self.ridge)[:, 0], tf.float32)
