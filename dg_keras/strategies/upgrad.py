"""UPGrad: the mean of each gradient's projection onto what conflicts with no domain."""

from typing import ClassVar

import tensorflow as tf

from dg_keras.common.configured import public
from dg_keras.strategies.dual_cone import DualCone, projected


@public
class UPGrad(DualCone):
    """UPGrad of Quinton & Rey, "Jacobian descent for multi-objective optimization" (2024).

    Each domain's gradient is projected onto the cone of directions that conflict with no domain,
    and the projections are averaged. For at most 10 domains.

    Args:
        ridge: What is added to the diagonal of the Gram matrix, as a part of its trace; the
            authors' library, TorchJD, takes as much. For it a domain whose gradient is short beside
            the longest may be conflicted with slightly; with 0 none is.

    Examples:
        >>> dg_keras.strategies.UPGrad(ridge=0.0)([[[1.0, 0.0]], [[-1.0, 1.0]]])[0].numpy()
        array([0.25, 0.75], dtype=float32)
    """

    can_be_compiled: ClassVar[bool] = True

    def weights(self, gram: tf.Tensor, step: int | tf.Tensor) -> tf.Tensor:
        """The mean of the projections' weights."""
        each = tf.eye(gram.shape[0], dtype=tf.float64)
        return tf.cast(tf.reduce_mean(projected(gram, each, self.ridge), axis=1), tf.float32)
