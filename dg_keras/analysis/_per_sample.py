"""Per-sample gradients, layer by layer, from one forward and one backward pass.

The gradients of a weight are kept as factors `a` `[n, p, i]` and `d` `[n, p, o]`: that of sample n
is `a_n^T d_n`. For a dense layer at p positions they are what it took, and the gradients of what it
gave before the activation, so that inner products need no gradients (Goodfellow, 2015,
arXiv:1510.01799). Other layers' gradients are taken whole, `p` and `i` then being 1.

Keras hangs two things on tensors that bypass their values: `_keras_mask`, which later layers and
losses heed, and on the outputs of softmax and sigmoid `_keras_logits`, at which its cross-entropies
begin. So what a layer gives is its outputs and their logits.
"""

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
import tensorflow as tf

Factors = tuple[tf.Tensor, tf.Tensor]
Taken = dict[int, tf.Tensor]
"""A call's inputs, by the ids of the symbolic tensors that they stand for."""


class Taps:
    """A Functional network that also hands out what its layers with weights take and give.

    Args:
        model: A network that `is_transparent`.
    """

    def __init__(self, model: keras.Model) -> None:
        self._net = model._functional if isinstance(model, keras.Sequential) else model
        depths = sorted(self._net._nodes_by_depth.items(), reverse=True)
        self._nodes = [node for _, nodes in depths for node in nodes if not node.is_input]
        self._factors = {
            node: _factors_of(node) for node in self._nodes if _variables(node.operation)
        }

    def inputs(self, x: Any) -> list[tf.Tensor]:
        """The inputs in the network's own order and dtypes.

        Args:
            x: Tensors or arrays, in the structure that the network was made of, or in a dict by the
                inputs' names.

        Raises:
            ValueError: These are not the network's inputs.
        """
        expected, own = self._net.input, self._net.inputs
        by_key = isinstance(expected, Mapping)
        # In the order in which Keras flattens a dict.
        keys = sorted(expected) if by_key else [tensor.name for tensor in own]
        if isinstance(x, Mapping):
            given = [x[key] for key in keys if key in x]
        else:
            given = [] if by_key else x
        flat = keras.tree.flatten(given)
        if len(flat) != len(own):
            received = list(x) if isinstance(x, Mapping) else f"{len(keras.tree.flatten(x))} arrays"
            raise ValueError(
                f"`x` must have the network's inputs {keys}, "
                f"{'as a dict' if by_key else 'in this order or as a dict'}. Received: {received}"
            )
        return self._net._standardize_inputs(keras.tree.pack_sequence_as(expected, flat))

    def calls(
        self,
        inputs: list[tf.Tensor],
        target: Callable[[list[tf.Tensor]], Any],
        d: list[tf.Tensor] | None = None,
    ) -> Iterator[tuple[keras.Layer, Callable[[], list[Factors]]]]:
        """Every call of a layer with trainable variables, those inside networks inside included.

        Args:
            inputs: What the method `inputs` returns, `[n, ...]` each.
            target: Makes what is differentiated, `[n, ...]`, of the network's outputs.
            d: The gradients of what `target` makes; None for ones.

        Yields:
            The layer, and what computes the factors of each of its trainable variables.
        """
        with tf.GradientTape() as tape:
            outputs, calls = self._run(inputs)
            differentiated = target(outputs)
        gradients = _gradients(tape, differentiated, [given for *_, given in calls], d)
        for (node, taken, given), d in zip(calls, gradients, strict=True):
            factors = self._factors[node]
            if isinstance(factors, Taps):
                # Once more through a network inside, with the gradients of what it gave.
                (x,), _ = node.arguments.fill_in(taken)
                yield from factors.calls(factors.inputs(x), _given, d)
            else:
                yield node.operation, functools.partial(factors, taken, given, d)

    def _run(
        self, inputs: list[tf.Tensor]
    ) -> tuple[list[tf.Tensor], list[tuple[Any, Taken, list[tf.Tensor]]]]:
        """Runs the network, and notes what every call that is tapped takes and gives."""
        tensors = dict(zip(map(id, self._net.inputs), inputs, strict=True))
        calls = []
        for node in self._nodes:
            # Copies, as multi-head attention takes the masks off what it is given.
            taken = {id(t): _copy(tensors[id(t)]) for t in node.input_tensors}
            outputs = keras.tree.flatten(_call(node, tensors))
            if node in self._factors:
                # Copies, so that the gradient of one output holds nothing of another's that is
                # computed from it, as an LSTM's output is from its state.
                outputs = [_copy(output) for output in outputs]
                calls.append((node, taken, _given(outputs)))
            tensors.update(zip(map(id, node.outputs), outputs, strict=True))
        return [tensors[id(t)] for t in self._net.outputs], calls


def is_transparent(model: Any) -> bool:
    """Tells whether a model computes what its graph of layers says, which can be seen."""
    # A subclass may be a Functional one with a `call` of its own.
    return (
        isinstance(model, keras.Model)
        and hasattr(model, "outputs")
        and type(model).call.__module__.startswith("keras.src.models.")
    )


def attached(tensor: tf.Tensor) -> dict[str, tf.Tensor]:
    """What Keras has hung on a tensor, by the name of the attribute."""
    found = {name: getattr(tensor, name, None) for name in ("_keras_mask", "_keras_logits")}
    return {name: value for name, value in found.items() if value is not None}


def attach(tensor: tf.Tensor, hung: Mapping[str, tf.Tensor]) -> tf.Tensor:
    """The tensor, with what Keras would have hung on it."""
    for name, value in hung.items():
        setattr(tensor, name, value)
    return tensor


def gram(calls: list[Factors]) -> tf.Tensor:
    """The Gram matrix `[n, n]` of a variable's per-sample gradients, summed over its calls."""
    a, d = (tf.concat(parts, axis=1) for parts in zip(*calls, strict=True))
    samples, positions, rows = a.shape
    if samples * positions**2 > rows * d.shape[2]:
        return _inner_products(tf.matmul(a, d, transpose_a=True), samples)
    # The gradients themselves would take more memory: those of AlexNet's fc6, 150 MB per sample.
    vectors = samples * positions
    products = _inner_products(a, vectors) * _inner_products(d, vectors)
    return tf.reduce_sum(tf.reshape(products, [samples, positions] * 2), axis=[1, 3])


def _variables(operation: keras.Operation) -> list[keras.Variable]:
    return operation.trainable_variables if isinstance(operation, keras.Layer) else []


def _call(node: Any, tensors: Taken) -> Any:
    """Calls a layer or an operation as the network does."""
    args, kwargs = node.arguments.fill_in(tensors)
    if isinstance(node.operation, keras.Layer):
        kwargs = {**kwargs, "training": False}
    return node.operation(*args, **kwargs)


def _copy(tensor: tf.Tensor) -> tf.Tensor:
    return attach(tf.identity(tensor), {k: tf.identity(v) for k, v in attached(tensor).items()})


def _given(outputs: Any) -> list[tf.Tensor]:
    """The tensors of a call that have gradients: its outputs, and the logits beneath them."""
    flat = keras.tree.flatten(outputs)
    logits = [attached(output).get("_keras_logits") for output in flat]
    return [t for t in flat + logits if t is not None and t.dtype.is_floating]


def _factors_of(node: Any) -> Any:
    """What makes the factors of a call's variables, by the kind of the layer."""
    layer, arguments = node.operation, node.arguments
    if is_transparent(layer) and len(arguments.args) == 1 and not arguments.kwargs:
        return Taps(layer)
    # Convolutions of images with the channels first are for GPUs, and as any layer here.
    if type(layer) is keras.layers.Dense or (
        type(layer) is keras.layers.Conv2D and layer.data_format == "channels_last"
    ):
        # LoRA and quantization have other variables.
        plain = [layer.kernel, layer.bias] if layer.use_bias else [layer.kernel]
        if [id(v) for v in _variables(layer)] == [id(v) for v in plain]:
            return functools.partial(_kernel_and_bias, layer)
    return functools.partial(_any_layer, node)


def _kernel_and_bias(
    layer: keras.layers.Dense | keras.layers.Conv2D,
    taken: Taken,
    given: list[tf.Tensor],
    slopes: list[tf.Tensor],
) -> list[Factors]:
    """The factors of a layer that is linear up to its activation."""
    dtype = keras.backend.result_type(layer.compute_dtype, "float32")
    (x,) = (tf.cast(t, dtype) for t in taken.values())
    slopes = [tf.cast(t, dtype) for t in slopes]
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

    if layer.activation is keras.activations.linear:
        (d,) = slopes
    elif layer.activation is keras.activations.relu:
        d = tf.where(given[0] > 0, slopes[0], 0)  # ReLU alone tells its slope by what it gave
    else:
        z = linear(x) + (tf.cast(layer.bias, dtype) if layer.use_bias else 0)
        with tf.GradientTape() as tape:
            tape.watch(z)
            activated = _given(layer.activation(z))
        d = _gradients(tape, activated, z, slopes)

    at_positions = tf.reshape(d, [d.shape[0], -1, d.shape[-1]])
    if is_dense:
        factors = [(tf.reshape(x, [x.shape[0], -1, x.shape[-1]]), at_positions)]
    else:
        factors = [_whole(_map(of_sample, (x, d), tf.TensorSpec(kernel.shape, dtype)))]
    if layer.use_bias:
        factors.append(_whole(tf.reduce_sum(at_positions, axis=1)))
    return factors


def _any_layer(
    node: Any, taken: Taken, given: list[tf.Tensor], d: list[tf.Tensor]
) -> list[Factors]:
    """The factors of any layer's variables, by differentiating its call on one sample at a time."""
    # TensorFlow's own variables, as it knows no zeros for Keras'.
    variables = [variable.value for variable in _variables(node.operation)]
    signature = [tf.TensorSpec(v.shape, v.dtype) for v in variables]
    hung = {key: attached(tensor) for key, tensor in taken.items()}

    def of_sample(sample: tuple[Taken, dict, list[tf.Tensor]]) -> list[tf.Tensor]:
        taken, hung, d = keras.tree.map_structure(lambda t: t[None], sample)
        taken = {key: attach(tensor, hung[key]) for key, tensor in taken.items()}
        with tf.GradientTape() as tape:
            outputs = _given(_call(node, taken))
        return [tf.convert_to_tensor(g) for g in _gradients(tape, outputs, variables, d)]

    return [_whole(gradient) for gradient in _map(of_sample, (taken, hung, d), signature)]


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
