"""The base class of objectives that look at features."""

import dataclasses
from collections.abc import Sequence

import keras
import tensorflow as tf

from dg_keras.common.cut import halves, input_of_last_weights, output_of
from dg_keras.objectives.batch import Batch
from dg_keras.objectives.head import Head
from dg_keras.objectives.objective import Objective
from dg_keras.objectives.risk import Risk
from dg_keras.objectives.view import View


@dataclasses.dataclass(frozen=True)
class FeatureObjective(Objective):
    """Sees what a layer puts out, of all domains at once.

    What is minimised is the mean of the domains' losses plus a `penalty` of all their features;
    domain i's gradient is that of its loss plus N times that of the penalty by its own features,
    so that with the strategy `mean` the update follows the whole. All domains are passed forward
    once, then each is passed back.

    A subclass overrides `penalty`, or `changed`, or both. It is a frozen dataclass, as every
    objective.

    Args:
        features: The name of a layer that all paths through the network pass. None for what the
            last layer with weights takes in, which is what DomainBed calls features.
    """

    features: str | None = dataclasses.field(default=None, kw_only=True)

    @property
    def needs_all_domains(self) -> bool:
        """A domain's gradient depends on the others."""
        return True

    def check(self, net: keras.Model) -> None:
        """Raises ValueError if the network can't be cut where the features are."""
        self.halves(net)

    def halves(self, net: keras.Model) -> tuple[keras.Model, keras.Model]:
        """The networks that make the features, and predictions of them; they share all with `net`.

        Raises:
            ValueError: The network can't be cut there.
        """
        if self.features is not None:
            if not isinstance(self.features, str):
                raise ValueError(
                    "`features` must be the name of a layer, or None. "
                    f"Received: features={self.features!r}"
                )
            return halves(net, output_of(net, self.features, "features"), "features", self.features)
        cut = input_of_last_weights(net)
        if cut is None:
            raise ValueError(
                f"`features` must name a layer of {net.name!r}, where several layers are the last "
                "with weights. Received: features=None"
            )
        return halves(net, cut, "features", None)

    def loss(self, batch: Batch, y_pred: tf.Tensor, risk: Risk, step: tf.Tensor) -> tf.Tensor:
        """The compiled loss."""
        return risk(batch, y_pred)

    def changed(self, features: tf.Tensor, batch: Batch, head: Head, step: tf.Tensor) -> tf.Tensor:
        """What the rest of the network is given instead of a domain's features.

        Args:
            features: `[B, ...]`, in the layer's dtype.
            batch: The domain's samples.
            head: The rest of the network; see `Head`.
            step: The number of training steps taken before, a scalar int64.

        Returns:
            Features of the same shape and dtype, through which gradients flow.
        """
        return features

    def penalty(self, views: Sequence[View], risk: Risk, step: tf.Tensor) -> tf.Tensor | None:
        """What is added to the mean of the domains' losses.

        Args:
            views: What is seen of each domain; gradients flow to `features` and `y_pred`.
            risk: The compiled loss, of a view's `batch` and predictions.
            step: The number of training steps taken before, a scalar int64.

        Returns:
            A float32 scalar; None for no penalty.
        """
        return None
