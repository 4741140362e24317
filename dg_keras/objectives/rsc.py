"""Representation self-challenging."""

from typing import ClassVar

import keras
import tensorflow as tf

from dg_keras.common.configured import public
from dg_keras.common.quantile import quantile
from dg_keras.objectives._checks import check_share
from dg_keras.objectives.batch import Batch
from dg_keras.objectives.feature_objective import FeatureObjective
from dg_keras.objectives.head import Head


@public
class RSC(FeatureObjective):
    """Trains without the features that predictions rest on most.

    "Self-challenging improves cross-domain generalization", Huang et al. (2020), algorithm 1, as
    DomainBed has it: a sample's features are muted, set to 0, by which the logit of its class has
    the largest derivatives; and those samples stay muted whose class loses the most probability by
    it, a share of each domain's, where DomainBed takes one of all domains'.

    The layers behind the features are passed three times in a step.

    Args:
        feature_share: The share of a sample's features that is muted, between 0 and 1.
        batch_share: The share of a domain's samples of which features are muted, between 0 and 1.
    """

    feature_share: float = 1 / 3
    batch_share: float = 1 / 3

    needs_logits: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_share("feature_share", self.feature_share)
        check_share("batch_share", self.batch_share)

    def check(self, net: keras.Model) -> None:
        """Raises ValueError if the network does not put out a logit per class."""
        super().check(net)
        shape = net.outputs[0].shape
        if len(shape) != 2 or (shape[-1] or 2) < 2:
            raise ValueError(
                "RSC needs a network that puts out a logit for each of two or more classes, "
                f"[B, classes]. Received: an output of shape {tuple(shape)}"
            )

    def changed(self, features: tf.Tensor, batch: Batch, head: Head, step: tf.Tensor) -> tf.Tensor:
        """The features, some of them muted."""
        fixed = tf.stop_gradient(features)
        with tf.GradientTape() as tape:
            tape.watch(fixed)
            logits = head(fixed)
            of_class = _of_class(logits, batch.y)
            own = tf.reduce_sum(of_class * logits)
        # Vectors: a layer's features may be maps.
        slopes = tf.cast(tape.gradient(own, fixed), tf.float32)
        slopes = tf.reshape(slopes, [tf.shape(fixed)[0], -1])
        is_kept = slopes < quantile(slopes, 1 - self.feature_share)[:, None]
        kept = tf.reshape(tf.cast(is_kept, fixed.dtype), tf.shape(fixed))
        lost = _probability(logits, of_class) - _probability(head(fixed * kept), of_class)
        is_whole = lost < quantile(head.of_all_replicas(lost)[None], 1 - self.batch_share)
        is_whole = tf.reshape(is_whole, [-1] + [1] * (features.shape.rank - 1))
        return tf.where(is_whole, features, features * kept)


def _of_class(logits: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """1 at each sample's class, `[B, C]`; of labels that are such already, themselves."""
    if y.shape.rank == logits.shape.rank and y.shape[-1] == logits.shape[-1]:
        return tf.cast(y, logits.dtype)
    labels = tf.cast(tf.reshape(y, [-1]), tf.int32)
    return tf.one_hot(labels, logits.shape[-1], dtype=logits.dtype)


def _probability(logits: tf.Tensor, of_class: tf.Tensor) -> tf.Tensor:
    """Each sample's probability of its class, float32 `[B]`."""
    probabilities = tf.nn.softmax(tf.cast(logits, tf.float32))
    return tf.reduce_sum(probabilities * tf.cast(of_class, tf.float32), axis=-1)
