"""Invariant gradient variances."""

from collections.abc import Sequence
from typing import ClassVar

import keras
import tensorflow as tf

from dg_keras.common.configured import public
from dg_keras.common.cut import made_of
from dg_keras.objectives._annealed import Annealed
from dg_keras.objectives._pairs import check_samples
from dg_keras.objectives.feature_objective import FeatureObjective
from dg_keras.objectives.risk import Risk
from dg_keras.objectives.view import View

_LINEAR = keras.activations.linear


@public
class Fishr(FeatureObjective, Annealed):
    """Punishes domains whose samples' gradients vary otherwise.

    "Fishr: invariant gradient variances for out-of-distribution generalization", Rame et al.
    (2022), equations 3 and 4: v_i is the variance, over domain i's samples, of each component of
    the gradient of the loss by kernel and bias of the last layer, a `Dense` one; the penalty is
    lambda times the mean over domains of |v_i - mean v|^2, divided by the number of components, as
    in the authors' code. Their moving average of the variances over the steps is left out; a layer
    without a bias counts as one with.

    Until `anneal_steps` lambda is 0; then it is `penalty_weight`, and the optimizer starts anew,
    its moments and its count of steps.

    Args:
        penalty_weight: Lambda after the change.
        anneal_steps: The number of steps before the change. With `steps_per_execution` it must be a
            multiple of that.
    """

    penalty_weight: float = 1000.0
    anneal_steps: int = 300  # of a thousand, as the authors' 1,500 of 5,000

    needs_logits: ClassVar[bool] = True
    weight_before: ClassVar[float] = 0.0

    def __post_init__(self) -> None:
        FeatureObjective.__post_init__(self)
        Annealed.__post_init__(self)

    def check(self, net: keras.Model) -> None:
        """Raises ValueError if the network does not end with a linear layer of the features."""
        super().check(net)
        output = net.outputs[0]
        layer = output._keras_history.operation
        is_linear = type(layer) is keras.layers.Dense and layer.activation is _LINEAR
        taken, cut = made_of(output)[0], self.cut(net)
        is_taken = taken is cut
        if isinstance(taken._keras_history.operation, keras.layers.Flatten):
            is_taken |= made_of(taken)[0] is cut
        if not is_linear or not is_taken or len(output.shape) != 2:
            raise ValueError(
                "Fishr needs a network that puts out what a Dense layer without activation makes "
                f"of the features, [B, classes]. Received: {net.name!r}, whose last layer is "
                f"{layer.name!r}"
            )

    def penalty(self, views: Sequence[View], risk: Risk, step: tf.Tensor) -> tf.Tensor:
        """The mean over domains of the squared distance from the mean variance, times lambda."""
        check_samples(views, self)
        variances = tf.stack([_variance(view, risk) for view in views])
        distances = tf.square(variances - tf.reduce_mean(variances, axis=0))
        return self.weight(step) * tf.reduce_mean(distances)


def _variance(view: View, risk: Risk) -> tf.Tensor:
    """The variance of each component of the samples' gradients by the last layer, `[(D + 1) C]`."""
    with tf.GradientTape() as tape:
        tape.watch(view.y_pred)
        loss = risk(view.batch, view.y_pred)
    samples = tf.cast(tf.shape(view.features)[0], tf.float32)
    # The loss is a mean; a sample's gradient is the outer product of these two.
    by_logits = samples * tape.gradient(loss, view.y_pred)
    inputs = tf.concat([view.vectors, tf.ones_like(view.vectors[:, :1])], axis=1)  # 1: the bias
    mean = tf.matmul(inputs, by_logits, transpose_a=True) / samples
    squares = tf.matmul(tf.square(inputs), tf.square(by_logits), transpose_a=True) / samples
    return tf.reshape(squares - tf.square(mean), [-1])
