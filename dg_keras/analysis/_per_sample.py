"""Per-sample gradients, layer by layer, from one forward and one backward pass.

The gradients of a weight are kept as factors `a` `[n, p, i]` and `d` `[n, p, o]`: that of sample n
is `a_n^T d_n`. For a dense layer at p positions they are what it took, and the gradients of what it
gave before the activation, so that inner products need no gradients (Goodfellow, 2015,
arXiv:1510.01799). Other layers' gradients are taken whole, `p` and `i` then being 1.
"""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import keras
import tensorflow as tf

Factors = tuple[tf.Tensor, tf.Tensor]


class Taps:
    """A Functional network that also hands out what its layers with weights take and give.

    Args:
        model: A Functional model, or a Sequential one that is built.
    """

    def __init__(self, model: keras.Model) -> None:
        self._nodes = [node for node in _nodes(model) if _variables(node.operation)]
        self._factors = [_factors_of(node) for node in self._nodes]
        calls = [[node.input_tensors, node.output_tensors] for node in self._nodes]
        self._net = keras.Model(model.inputs, [model.outputs, calls])

    def calls(
        self,
        inputs: list[tf.Tensor],
        losses: Callable[[list[tf.Tensor]], Any],
        d: list[tf.Tensor] | None = None,
    ) -> Iterator[tuple[keras.Layer, Callable[[], list[Factors]]]]:
        """Every call of a layer with trainable variables, those inside networks inside included.

        Args:
            inputs: The network's inputs, `[n, ...]` each.
            losses: Makes what is differentiated, `[n, ...]`, of the network's outputs.
            d: The gradients of what `losses` makes; None for ones.

        Yields:
            The layer, and what computes the factors of each of its trainable variables.
        """
        with tf.GradientTape() as tape:
            outputs, calls = self._net(inputs, training=False)
            target = losses(outputs)
        gradients = _gradients(tape, target, [given for _, given in calls], d)
        for node, factors, (taken, given), d in zip(
            self._nodes, self._factors, calls, gradients, strict=True
        ):
            if isinstance(factors, Taps):
                # Once more through a network inside, with the gradients of its outputs.
                yield from factors.calls(taken, lambda given: given, d)
            else:
                yield node.operation, functools.partial(factors, taken, given, d)


def gram(calls: list[Factors]) -> tf.Tensor:
    """The Gram matrix `[n, n]` of a variable's per-sample gradients, summed over its calls."""
    a, d = (tf.concat(parts, axis=1) for parts in zip(*calls, strict=True))
    samples, positions, rows = a.shape
    if samples * positions**2 > rows * d.shape[2]:
        return _inner_products(tf.matmul(a, d, transpose_a=True), samples)
    # The gradients themselves would take more memory: those of AlexNet's fc6, 150 MB a sample.
    vectors = samples * positions
    products = _inner_products(a, vectors) * _inner_products(d, vectors)
    return tf.reduce_sum(tf.reshape(products, [samples, positions] * 2), axis=[1, 3])


def _nodes(model: keras.Model) -> list[Any]:
    """The calls of layers that the outputs of `model` are computed by."""
    found, pending = {}, list(model.outputs)
    while pending:
        operation, index, _ = pending.pop()._keras_history
        node = operation._inbound_nodes[index]
        if id(node) not in found:
            found[id(node)] = node
            pending += node.input_tensors
    return list(found.values())


def _variables(operation: keras.Operation) -> list[keras.Variable]:
    return operation.trainable_variables if isinstance(operation, keras.Layer) else []


def _factors_of(node: Any) -> Taps | Callable[[list, list, list], list[Factors]]:
    """What makes the factors of a call's variables, by the kind of the layer."""
    layer = node.operation
    if isinstance(layer, keras.Model) and hasattr(layer, "outputs"):
        return Taps(layer)
    if type(layer) in (keras.layers.Dense, keras.layers.Conv2D):
        # LoRA and quantization have other variables.
        plain = [layer.kernel, layer.bias] if layer.use_bias else [layer.kernel]
        if [id(v) for v in _variables(layer)] == [id(v) for v in plain]:
            return functools.partial(_kernel_and_bias, layer)
    return _any_layer(node)


def _kernel_and_bias(
    layer: keras.layers.Dense | keras.layers.Conv2D,
    taken: list[tf.Tensor],
    given: list[tf.Tensor],
    d: list[tf.Tensor],
) -> list[Factors]:
    """The factors of a layer that is linear up to its activation."""
    dtype = keras.backend.result_type(layer.compute_dtype, "float32")
    x, given, d = (tf.cast(t, dtype) for (t,) in (taken, given, d))
    kernel = tf.cast(layer.kernel, dtype)
    is_dense = type(layer) is keras.layers.Dense

    def linear(x: tf.Tensor) -> tf.Tensor:
        return tf.tensordot(x, kernel, 1) if is_dense else layer.convolution_op(x, kernel)

    def of_sample(sample: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        x, d = sample
        with tf.GradientTape() as tape:
            tape.watch(kernel)
            z = linear(x[None])
        return tape.gradient(z, kernel, output_gradients=d[None])

    if layer.activation is keras.activations.relu:
        d = tf.where(given > 0, d, 0)  # ReLU alone tells its slope by what it gave
    elif layer.activation is not keras.activations.linear:
        z = linear(x) + (tf.cast(layer.bias, dtype) if layer.use_bias else 0)
        with tf.GradientTape() as tape:
            tape.watch(z)
            given = layer.activation(z)
        d = tape.gradient(given, z, output_gradients=d)

    at_positions = tf.reshape(d, [d.shape[0], -1, d.shape[-1]])
    if is_dense:
        factors = [(tf.reshape(x, [x.shape[0], -1, x.shape[-1]]), at_positions)]
    else:
        factors = [_whole(_map(of_sample, (x, d), tf.TensorSpec(kernel.shape, dtype)))]
    if layer.use_bias:
        factors.append(_whole(tf.reduce_sum(at_positions, axis=1)))
    return factors


def _any_layer(node: Any) -> Callable[[list, list, list], list[Factors]]:
    """What makes the factors of any layer's variables, by differentiating that one call."""
    name, variables = node.operation.name, _variables(node.operation)
    # A layer may take one tensor twice, as attention to itself does.
    unique = {id(t): i for i, t in enumerate(node.input_tensors)}.values()
    # A network of this call knows its other arguments, and calls the layer as the whole one does.
    call = keras.Model([node.input_tensors[i] for i in unique], [node.output_tensors])
    signature = [tf.TensorSpec(v.shape, v.dtype) for v in variables]

    def of_sample(sample: tuple[list[tf.Tensor], list[tf.Tensor]]) -> list[tf.Tensor]:
        taken, d = keras.tree.map_structure(lambda t: t[None], sample)
        with tf.GradientTape() as tape:
            (given,) = call(taken, training=False)
        # TensorFlow's own variables, as it knows no zeros for Keras'.
        gradients = _gradients(tape, given, [v.value for v in variables], d)
        return [tf.convert_to_tensor(g) for g in gradients]

    def factors(
        taken: list[tf.Tensor], given: list[tf.Tensor], d: list[tf.Tensor]
    ) -> list[Factors]:
        if any(getattr(t, "_keras_mask", None) is not None for t in taken):
            raise ValueError(
                "`model` must not mask the inputs of a layer with weights, unless it is Dense "
                f"or Conv2D. Received: a mask for layer {name!r}"
            )
        gradients = _map(of_sample, ([taken[i] for i in unique], d), signature)
        return [_whole(gradient) for gradient in gradients]

    return factors


def _map(of_sample: Callable[[Any], Any], samples: Any, signature: Any) -> Any:
    """Maps over samples in a loop inside TensorFlow, several at a time."""
    # tf.vectorized_map is no faster: it loops over convolutions too, warns of that, and fails where
    # they are grouped.
    return tf.map_fn(of_sample, samples, fn_output_signature=signature)


def _gradients(tape: tf.GradientTape, target: Any, sources: Any, d: Any) -> Any:
    return tape.gradient(target, sources, output_gradients=d, unconnected_gradients="zero")


def _whole(gradients: tf.Tensor) -> Factors:
    """The factors of gradients `[n, ...]` that are known."""
    d = tf.reshape(gradients, [gradients.shape[0], 1, -1])
    return tf.ones_like(d[..., :1]), d


def _inner_products(tensor: tf.Tensor, vectors: int) -> tf.Tensor:
    """The inner products of the vectors that `tensor` consists of, `[vectors, vectors]`."""
    tensor = tf.reshape(tensor, [vectors, -1])
    return tf.matmul(tensor, tensor, transpose_b=True)
