"""The inner products of the gradients that single samples have."""

import copy
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dg_keras.analysis._per_sample import Taps, gram


class GradientGram:
    """Computes the Gram matrix of the per-sample gradients of a network's loss.

    Entry (n, m) is the inner product, over all trainable variables, of the gradients of samples n
    and m: what the gradient characterization of Mansilla et al. (2021), figure 2, needs. All
    samples go through the network together, in inference mode: no dropout, BatchNorm with its
    moving statistics. The loss is that of the data, without what layers and regularizers add; where
    a sample has several positions, their mean.

    The gradients of dense layers are never formed where they would be large. Those of another layer
    are, all samples' at once, a layer at a time: n times the layer's weights in memory. The
    function is traced once for each shape of `x` and `y`; keep the instance where it is called
    often. Variables that are made trainable, or not, later on do not count.

    Args:
        model: A Functional model, or a Sequential one that is built, of one output. A layer may be
            called several times and networks may stand inside; no two layers may share a variable,
            and samples must not influence one another, as in inference they do not.
        loss: The loss, as in `compile`: a `keras.losses.Loss`, its name, or a function of
            `(y, y_pred)`. Defaults to what `model` is compiled with.

    Raises:
        ValueError: `model` is of another kind or has nothing to train, or there is no loss.

    Example:
    >>> net = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4, activation="softmax")])
    >>> gram = dg_keras.analysis.GradientGram(net, loss="sparse_categorical_crossentropy")
    >>> gram(np.random.rand(6, 8), np.array([0, 1, 2, 3, 0, 1])).shape
    (6, 6)
    """

    def __init__(
        self,
        model: keras.Model,
        loss: str | keras.losses.Loss | Callable[[Any, Any], Any] | None = None,
    ) -> None:
        if not isinstance(model, keras.Model) or len(getattr(model, "outputs", [])) != 1:
            raise ValueError(
                "`model` must be a Functional model, or a Sequential one that is built, of one "
                f"output. Received: model={model!r}"
            )
        if not model.trainable_variables:
            raise ValueError(
                f"`model` must have trainable variables. Received: model={model!r}, without any"
            )
        self._loss = _unreduced(getattr(model, "loss", None) if loss is None else loss)
        self._taps = Taps(model)
        self._traced = tf.function(self._gram, autograph=False)

    def __call__(self, x: Any, y: Any) -> np.ndarray:
        """The Gram matrix of one batch.

        Args:
            x: The network's inputs, `[n, ...]` each.
            y: The labels, `[n, ...]`, as the loss takes them.

        Returns:
            The inner products, float64 `[n, n]`; of each layer's, in the precision of the layer.
        """
        inputs = [tf.convert_to_tensor(t) for t in keras.tree.flatten(x)]
        return self._traced(inputs, tf.convert_to_tensor(y)).numpy()

    def _gram(self, inputs: list[tf.Tensor], y: tf.Tensor) -> tf.Tensor:
        calls = defaultdict(list)
        for layer, factors in self._taps.calls(inputs, lambda given: self._losses(y, *given)):
            calls[layer].append(factors)
        _check_unshared(list(calls))

        total = tf.zeros([], tf.float64)
        for same in calls.values():
            # One layer's gradients after the other's, as together they may not fit in memory.
            with tf.control_dependencies([total]):
                by_variable = zip(*[factors() for factors in same], strict=True)
                grams = [gram(list(factors)) for factors in by_variable]
                total += tf.add_n([tf.cast(g, tf.float64) for g in grams])
        return total

    def _losses(self, y: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
        """A loss a sample, `[n]`."""
        if len(y_pred.shape) == len(y.shape) + 1 and y_pred.shape[-1] == 1:
            y = y[..., None]  # as Keras does for losses of that kind
        losses = self._loss(y, y_pred)
        return tf.reduce_mean(tf.reshape(losses, [losses.shape[0], -1]), axis=1)


class _FunctionLoss(keras.losses.Loss):
    """A function as a loss, as `compile` makes it one."""

    def __init__(self, function: Callable[[Any, Any], Any]) -> None:
        super().__init__(name="loss")
        self._function = function

    def call(self, y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
        return self._function(y_true, y_pred)


def _unreduced(loss: Any) -> keras.losses.Loss:
    """The loss, giving a value a sample, or several."""
    loss = keras.losses.get(loss)
    if loss is None:
        raise ValueError(
            "`loss` must be given where `model` is not compiled with one. Received: loss=None"
        )
    loss = copy.copy(loss) if isinstance(loss, keras.losses.Loss) else _FunctionLoss(loss)
    loss.reduction = None
    return loss


def _check_unshared(layers: list[keras.Layer]) -> None:
    """Raises ValueError where two layers have a variable in common."""
    owners = {}
    for layer in layers:
        for variable in layer.trainable_variables:
            owner = owners.setdefault(id(variable), layer)
            if owner is not layer:
                raise ValueError(
                    "`model` must not have layers that share a variable. Received: layers "
                    f"{owner.name!r} and {layer.name!r}, which share {variable.path!r}"
                )
