"""Cuts a network in two at a tensor that all paths through it pass."""

import difflib
from collections.abc import Iterable, Iterator
from typing import Any

import keras
from keras.src.models.functional import Functional


def output_of(net: keras.Model, layer: str, argument: str) -> keras.KerasTensor:
    """The tensor that a layer puts out in the graph of a network.

    Args:
        net: A Functional or Sequential model of one output.
        layer: The layer's name.
        argument: What the name is given as, for errors.

    Raises:
        ValueError: `net` is of another kind, has no such layer, or calls it several times.
    """
    _check_has_graph(net)
    # `layer.output` would be of the first graph the layer was ever called in, which is not that of
    # `net` where `net` itself came from a split.
    tensors: dict[str, list[keras.KerasTensor]] = {}
    for tensor in _ancestors(net.outputs[0], stop=None):
        tensors.setdefault(tensor._keras_history.operation.name, []).append(tensor)
    if layer not in tensors:
        near = difflib.get_close_matches(layer, tensors, n=3)
        raise ValueError(
            f"`{argument}` must be the name of a layer of {net.name!r}"
            f"{', such as ' + ', '.join(near) if near else ''}. Received: {argument}={layer!r}"
        )
    if len(tensors[layer]) > 1:
        raise ValueError(
            f"`{argument}` must have one output, but {net.name!r} has {len(tensors[layer])} of it. "
            f"Received: {argument}={layer!r}"
        )
    return tensors[layer][0]


def input_of_last_weights(net: keras.Model) -> keras.KerasTensor | None:
    """What the last layer with weights takes in; None where several are the last.

    Raises:
        ValueError: `net` has no graph, or several outputs.
    """
    _check_has_graph(net)
    tensor = net.outputs[0]
    while True:
        inputs = made_of(tensor)
        if len(inputs) != 1:
            return None
        if getattr(tensor._keras_history.operation, "weights", ()):
            return inputs[0]
        (tensor,) = inputs


def made_of(tensor: keras.KerasTensor) -> list[keras.KerasTensor]:
    """The tensors that the layer which puts this one out takes in."""
    operation, node_index, _ = tensor._keras_history
    return operation._inbound_nodes[node_index].input_tensors


def check_cut(net: keras.Model, cut: keras.KerasTensor, argument: str, given: object) -> None:
    """Raises ValueError if there is nothing on one side of a tensor, or a path around it.

    Args:
        net: The network.
        cut: The tensor, of its graph.
        argument: What tells the tensor, for errors.
        given: What it was given as.
    """
    if any(cut is end for end in [*net.inputs, *net.outputs]):
        raise ValueError(
            f"`{argument}` must have layers before and behind it, to make two halves. "
            f"Received: {argument}={given!r}"
        )
    reached = list(_ancestors(net.outputs[0], stop=cut))
    if any(tensor is end for tensor in reached for end in net.inputs):
        raise ValueError(
            f"`{argument}` must be one that all paths pass, but a path goes around it, as around "
            "any layer inside a residual block, or behind an Embedding with a mask, which is a "
            f"path of its own; take the end of a block. Received: {argument}={given!r}"
        )


def layers_on_both_sides(net: keras.Model, cut: keras.KerasTensor) -> list[keras.Layer]:
    """The layers that are called both before and behind a tensor, those inside of others too."""
    behind = list(_layers(_ancestors(net.outputs[0], stop=cut), without=cut))
    before = {id(layer) for layer in _layers(_ancestors(cut, stop=None))}
    return [layer for layer in behind if id(layer) in before]


def front_of(net: keras.Model, cut: keras.KerasTensor) -> keras.Model:
    """The network before a tensor, which shares its layers and weights with `net`."""
    inputs = net.inputs[0] if isinstance(net, keras.Sequential) else net.input
    return keras.Model(inputs, cut, name=f"{net.name}_front")


def _check_has_graph(net: keras.Model) -> None:
    is_built = isinstance(net, keras.Sequential) and net.built
    if not isinstance(net, keras.Model) or not (is_built or hasattr(net, "operations")):
        raise ValueError(
            "`net` must be a Functional model, or a Sequential one that begins with an Input. "
            f"Received: net={net!r}"
        )
    if type(net).call not in (Functional.call, keras.Sequential.call):
        raise ValueError(
            "`net` must be called as its layers are connected. Received: "
            f"{type(net).__name__}, which overrides `call`"
        )
    if len(net.outputs) != 1:
        raise ValueError(f"`net` must have one output. Received: {len(net.outputs)} outputs")


def _layers(
    tensors: Iterable[keras.KerasTensor], without: keras.KerasTensor | None = None
) -> Iterator[Any]:
    """The layers that put out tensors, and those inside of them."""
    for tensor in tensors:
        operation = tensor._keras_history.operation
        if tensor is not without and isinstance(operation, keras.Layer):
            yield from operation._flatten_layers()


def _ancestors(
    tensor: keras.KerasTensor, stop: keras.KerasTensor | None
) -> Iterable[keras.KerasTensor]:
    """`tensor` and all tensors it is computed from, not going past `stop`."""
    seen, pending = set(), [tensor]
    while pending:
        current = pending.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        if current is not stop:
            pending += made_of(current)
