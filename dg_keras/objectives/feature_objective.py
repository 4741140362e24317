"""The base class of objectives that look at features."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from dg_keras.common.cut import (
    check_cut,
    input_of_last_weights,
    layers_on_both_sides,
    output_of,
)
from dg_keras.objectives.batch import Batch
from dg_keras.objectives.head import Head
from dg_keras.objectives.objective import Objective
from dg_keras.objectives.risk import Risk
from dg_keras.objectives.view import View


@dataclasses.dataclass(frozen=True)
class FeatureObjective(Objective):
    """Sees what a layer puts out, of all domains at once.

    What is minimised is the mean of the domains' losses plus a `penalty` of all their features;
    domain i's gradient is that of its loss plus N times that of the penalty by its own features
    and predictions, so that with the strategy `mean` the update follows the whole. All domains are
    passed forward once, in which features may be `changed`, then each is passed back.

    A subclass overrides `penalty`, or `changed`, or both. It is a frozen dataclass, as every
    objective, and neither weighs domains nor looks ahead.

    Args:
        features: The name of a layer that all paths through the network pass. None for what the
            last layer with weights takes in, which is what DomainBed calls features.
    """

    features: str | None = dataclasses.field(default=None, kw_only=True)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.weighs or cls.looks_ahead:
            raise TypeError(
                f"{cls.__name__} must not be a FeatureObjective that `weighs` or `looks_ahead`: "
                "its penalty is of all domains"
            )

    def __post_init__(self) -> None:
        if self.features is not None and not isinstance(self.features, str):
            raise ValueError(
                "`features` must be the name of a layer, or None. "
                f"Received: features={self.features!r}"
            )

    @property
    def needs_all_domains(self) -> bool:
        """A domain's gradient depends on the others."""
        return True

    def check(self, net: keras.Model) -> None:
        """Raises ValueError if the network can't be cut where the features are."""
        self.cut(net)

    def cut(self, net: keras.Model) -> keras.KerasTensor:
        """The features, as a tensor of the network's graph.

        Raises:
            ValueError: The network can't be cut there.
        """
        if self.features is not None:
            cut = output_of(net, self.features, "features")
        else:
            cut = input_of_last_weights(net)
        if cut is None:
            raise ValueError(
                f"`features` must name a layer of {net.name!r}, where several layers are the last "
                "with weights. Received: features=None"
            )
        check_cut(net, cut, "features", self.features)
        shared = layers_on_both_sides(net, cut)
        if shared:
            raise ValueError(
                "`features` must be where no layer is called on both sides of it. Received: "
                f"features={self.features!r}, and {shared[0].name!r} is"
            )
        if not isinstance(net, keras.Sequential) and net.output is not net.outputs[0]:
            raise ValueError(
                f"`net` must put out a tensor. Received: a {type(net.output).__name__} of one"
            )
        return cut

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
            risk: The compiled loss, of a view's `batch` and predictions, without what the layers
                add.
            step: The number of training steps taken before, a scalar int64.

        Returns:
            A float32 scalar; None for no penalty.
        """
        return None
