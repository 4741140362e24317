"""Cuts a network in two at a tensor that all paths through it pass."""

import difflib
from collections.abc import Iterable

import keras


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
    """What the last layer with weights takes in; None where several are the last."""
    _check_has_graph(net)
    tensor = net.outputs[0]
    while True:
        operation, node_index, _ = tensor._keras_history
        inputs = operation._inbound_nodes[node_index].input_tensors
        if len(inputs) != 1:
            return None
        if getattr(operation, "weights", ()):
            return inputs[0]
        (tensor,) = inputs


def halves(
    net: keras.Model, cut: keras.KerasTensor, argument: str, given: object
) -> tuple[keras.Model, keras.Model]:
    """The networks before and behind a tensor, which share their layers and weights with `net`.

    Args:
        net: The network.
        cut: The tensor, of its graph.
        argument: What tells the tensor, for errors.
        given: What it was given as.

    Raises:
        ValueError: There is nothing on one of its sides, or a path around it.
    """
    if any(cut is end for end in [*net.inputs, *net.outputs]):
        raise ValueError(
            f"`{argument}` must have layers before and behind it, to make two halves. "
            f"Received: {argument}={given!r}"
        )
    if not _is_cut(net, cut):
        raise ValueError(
            f"`{argument}` must be one that all paths pass, but a path goes around it, as around "
            f"any layer inside a residual block; take the end of a block. "
            f"Received: {argument}={given!r}"
        )
    inputs = net.inputs[0] if isinstance(net, keras.Sequential) else net.input
    front = keras.Model(inputs, cut, name=f"{net.name}_front")
    return front, keras.Model(cut, net.outputs[0], name=f"{net.name}_tail")


def _check_has_graph(net: keras.Model) -> None:
    is_built = isinstance(net, keras.Sequential) and net.built
    if not isinstance(net, keras.Model) or not (is_built or hasattr(net, "operations")):
        raise ValueError(f"`net` must be a Functional model. Received: net={net!r}")
    if len(net.outputs) != 1:
        raise ValueError(f"`net` must have one output. Received: {len(net.outputs)} outputs")


def _is_cut(net: keras.Model, cut: keras.KerasTensor) -> bool:
    """Whether every path to the output of `net` passes `cut`."""
    reached = _ancestors(net.outputs[0], stop=cut)
    return not any(tensor is end for tensor in reached for end in net.inputs)


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
            operation, node_index, _ = current._keras_history
            pending += operation._inbound_nodes[node_index].input_tensors
