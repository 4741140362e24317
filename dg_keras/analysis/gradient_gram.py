"""The inner products of the gradients that single samples have."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dg_keras.analysis._per_sample import Taps, attach, attached, gram, is_transparent
from dg_keras.common.loss_of import loss_of


class GradientGram:
    """Computes the Gram matrix of the per-sample gradients of a network's loss.

    Entry (n, m) is the inner product, over all trainable variables, of the gradients of samples n
    and m: what the gradient characterization of Mansilla et al. (2021), figure 2, needs. All
    samples go through the network together, in inference mode: no dropout, BatchNorm with its
    moving statistics. A sample's loss is that of a batch of it alone, without what layers and
    regularizers add: of several positions the mean, or what else the loss makes of them, and a mask
    counts as it does in training.

    The gradients of dense layers are never formed where they would be large. Those of another layer
    are, all samples' at once, one layer after another: n times the layer's weights in memory. The
    function is traced once for each shape of `x` and `y`; keep the instance where it is called
    often. Variables that are made trainable, or not, later on do not count.

    Args:
        model: A Functional model, or a Sequential one that is built, of one output, with Keras' own
            `call`. A layer may be called several times and networks may stand inside; no two layers
            may share a variable, and samples must not influence one another, as in inference they
            do not.
        loss: The loss, as in `compile`: a `keras.losses.Loss`, its name, or a function of
            `(y, y_pred)`. Defaults to what `model` is compiled with, without
            `loss_weights`.

    Raises:
        ValueError: `model` is of another kind or has nothing to train, or there is no loss.

    Examples:
        >>> net = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4, activation="softmax")])
        >>> gram = dg_keras.analysis.GradientGram(net, loss="sparse_categorical_crossentropy")
        >>> x, y = np.random.rand(6, 8), np.array([0, 1, 2, 3, 0, 1])
        >>> products = gram(x, y)
        >>> products.shape
        (6, 6)

        The diagonal has the squared lengths of the samples' gradients, here that of the first:

        >>> with tf.GradientTape() as tape:
        ...     loss = keras.losses.sparse_categorical_crossentropy(y[:1], net(x[:1]))
        >>> gradient = tape.gradient(loss, [variable.value for variable in net.trainable_variables])
        >>> bool(np.isclose(products[0, 0], sum(np.sum(np.square(g)) for g in gradient)))
        True
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
        if not is_transparent(model):
            raise ValueError(
                "`model` must be called as Keras calls a Functional or Sequential model, since "
                "nothing shows what another `call` computes. "
                f"Received: model={model!r}, which overrides `call`"
            )
        if not model.trainable_variables:
            raise ValueError(
                f"`model` must have trainable variables. Received: model={model!r}, without any"
            )
        self._loss = _as_in_compile(getattr(model, "loss", None) if loss is None else loss)
        self._taps = Taps(model)
        self._traced = tf.function(self._gram, autograph=False)

    def __call__(self, x: Any, y: Any) -> np.ndarray:
        """The Gram matrix of one batch.

        Args:
            x: The network's inputs, `[n, ...]` each, as the network itself takes them; several in
                its own order, or as a dict by their names.
            y: The labels, `[n, ...]`, as the loss takes them.

        Returns:
            The inner products, float64 `[n, n]`; of each layer's, in the precision of the layer.

        Raises:
            ValueError: `x` has not the network's inputs, or `y` is not as long.
        """
        inputs, y = self._taps.inputs(x), tf.convert_to_tensor(y)
        lengths = {len(t) for t in [*inputs, y]}
        if len(lengths) > 1:
            raise ValueError(
                "`x` and `y` must be of as many samples. "
                f"Received: {[len(t) for t in inputs]} and {len(y)}"
            )
        return self._traced(inputs, y).numpy()

    def _gram(self, inputs: list[tf.Tensor], y: tf.Tensor) -> tf.Tensor:
        calls = defaultdict(list)
        for layer, factors in self._taps.calls(inputs, lambda outputs: self._losses(y, *outputs)):
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
        """The loss of each sample, `[n]`."""

        def of_sample(sample: Any) -> tf.Tensor:
            y, y_pred, hung = keras.tree.map_structure(lambda t: t[None], sample)
            return tf.reduce_mean(self._loss(y, attach(y_pred, hung)))

        samples = y, y_pred, attached(y_pred)
        return tf.map_fn(of_sample, samples, fn_output_signature=self._loss.dtype)


class _FunctionLoss(keras.losses.Loss):
    """A function as a loss, as `compile` makes it one."""

    def __init__(self, function: Callable[[Any, Any], Any]) -> None:
        super().__init__(name="loss")
        self._function = function

    def call(self, y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
        if len(y_pred.shape) == len(y_true.shape) + 1 and y_pred.shape[-1] == 1:
            y_true = y_true[..., None]
        return self._function(y_true, y_pred)


def _as_in_compile(loss: Any) -> keras.losses.Loss:
    losses = keras.tree.flatten(loss)
    loss = loss_of(losses[0] if len(losses) == 1 else loss)  # of the one output, by name or not
    if loss is None:
        raise ValueError(
            "`loss` must be given where `model` is not compiled with one. Received: loss=None"
        )
    return loss if isinstance(loss, keras.losses.Loss) else _FunctionLoss(loss)


def _check_unshared(layers: list[keras.Layer]) -> None:
    """Raises ValueError where two layers have a variable in common."""
    owners: dict[int, keras.Layer] = {}
    for layer in layers:
        for variable in layer.trainable_variables:
            owner = owners.setdefault(id(variable), layer)
            if owner is not layer:
                raise ValueError(
                    "`model` must not have layers that share a variable. Received: layers "
                    f"{owner.name!r} and {layer.name!r}, which share {variable.path!r}"
                )
