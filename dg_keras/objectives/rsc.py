"""Representation self-challenging."""

from typing import ClassVar

import tensorflow as tf

from dg_keras.common.configured import public
from dg_keras.objectives._checks import check_share
from dg_keras.objectives.batch import Batch
from dg_keras.objectives.feature_objective import FeatureObjective
from dg_keras.objectives.head import Head


@public
class RSC(FeatureObjective):
    """Trains without the features that predictions rest on most.

    "Self-challenging improves cross-domain generalization", Huang et al. (2020), algorithm 1, as
    DomainBed has it: a sample's features are muted, set to 0, by which the logit of its class has
    the largest derivatives; and of a domain's samples those stay muted whose class loses the most
    probability by it.

    Args:
        feature_share: The share of a sample's features that is muted.
        batch_share: The share of a domain's samples of which features are muted.
    """

    feature_share: float = 1 / 3
    batch_share: float = 1 / 3

    needs_logits: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_share("feature_share", self.feature_share)
        check_share("batch_share", self.batch_share)

    def changed(self, features: tf.Tensor, batch: Batch, head: Head, step: tf.Tensor) -> tf.Tensor:
        """The features, some of them muted."""
        fixed = tf.stop_gradient(features)
        with tf.GradientTape() as tape:
            tape.watch(fixed)
            logits = head(fixed)
            of_class = _of_class(logits, batch.y)
            own = tf.reduce_sum(of_class * logits)
        # Vectors: a layer's features may be maps.
        slopes = tf.reshape(tape.gradient(own, fixed), [tf.shape(fixed)[0], -1])
        is_kept = slopes < _quantile(slopes, 1 - self.feature_share)[:, None]
        kept = tf.reshape(tf.cast(is_kept, fixed.dtype), tf.shape(fixed))
        lost = _probability(logits, of_class) - _probability(head(fixed * kept), of_class)
        of_all = head.of_all_replicas(lost)[None]
        is_whole = lost < _quantile(of_all, 1 - self.batch_share)
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


def _quantile(values: tf.Tensor, share: float) -> tf.Tensor:
    """What a share of each row's values lies below, between two of them as in NumPy, `[B]`."""
    ordered = tf.sort(tf.cast(values, tf.float32), axis=1)
    last = tf.shape(values)[1] - 1
    place = tf.cast(share, tf.float32) * tf.cast(last, tf.float32)
    below = tf.cast(tf.floor(place), tf.int32)
    above = tf.minimum(below + 1, last)
    part = place - tf.floor(place)
    return (1 - part) * ordered[:, below] + part * ordered[:, above]
