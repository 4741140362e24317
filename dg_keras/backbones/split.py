"""Cuts a network in two, for instance to compute once what is frozen."""

import difflib

import keras


def split(net: keras.Model, layer: str) -> tuple[keras.Model, keras.Model]:
    """Splits a network behind one of its layers.

    Both halves share their layers and weights with `net`: training the tail trains `net`, and
    `tail(front(x))` equals `net(x)`. Where the front is frozen, its features can be computed once
    for a whole data set and the tail trained on them.

    Args:
        net: A Functional model of one input and one output.
        layer: Name of the layer that ends the front. All paths through the network must pass it:
            the end of a residual block does, a layer inside one does not.

    Returns:
        `(front, tail)`: the models from the input of `net` to the output of `layer`, and from
        there to the output of `net`.

    Raises:
        ValueError: `net` has no such layer, calls it several times, or has a path around it.

    Example:
        >>> net = dg_keras.backbones.EfficientNetLite0(classes=7, image_size=96)
        >>> front, tail = dg_keras.backbones.split(net, "block10_output")
        >>> front.output_shape
        (None, 6, 6, 112)
    """
    if not isinstance(net, keras.Model) or not hasattr(net, "operations"):
        raise ValueError(f"`net` must be a Functional model. Received: net={net!r}")
    if len(net.inputs) != 1 or len(net.outputs) != 1:
        raise ValueError(
            f"`net` must have one input and one output. Received: {len(net.inputs)} inputs and "
            f"{len(net.outputs)} outputs"
        )
    cut = _output_of(net, layer)
    if cut is net.inputs[0] or cut is net.outputs[0]:
        raise ValueError(
            f"`layer` must have layers before and behind it, to make two halves. "
            f"Received: layer={layer!r}"
        )
    if not _is_cut(net, cut):
        raise ValueError(
            f"`layer` must be one that all paths pass, but a path goes around it, as around any "
            f"layer inside a residual block; take the end of a block. Received: layer={layer!r}"
        )
    front = keras.Model(net.inputs[0], cut, name=f"{net.name}_front")
    tail = keras.Model(cut, net.outputs[0], name=f"{net.name}_tail")
    return front, tail


def _output_of(net: keras.Model, layer: str) -> keras.KerasTensor:
    """The tensor that `layer` puts out in the graph of `net`."""
    # `layer.output` would be of the first graph the layer was ever called in, which is not that of
    # `net` where `net` itself came from a split.
    tensors = {}
    for tensor in _ancestors(net.outputs[0], stop=None):
        tensors.setdefault(tensor._keras_history.operation.name, []).append(tensor)
    if layer not in tensors:
        near = difflib.get_close_matches(layer, tensors, n=3)
        raise ValueError(
            f"`layer` must be the name of a layer of {net.name!r}"
            f"{', such as ' + ', '.join(near) if near else ''}. Received: layer={layer!r}"
        )
    if len(tensors[layer]) > 1:
        raise ValueError(
            f"`layer` must have one output, but {net.name!r} has {len(tensors[layer])} of it. "
            f"Received: layer={layer!r}"
        )
    return tensors[layer][0]


def _is_cut(net: keras.Model, cut: keras.KerasTensor) -> bool:
    """Whether every path to the output of `net` passes `cut`."""
    return all(tensor is not net.inputs[0] for tensor in _ancestors(net.outputs[0], stop=cut))


def _ancestors(
    tensor: keras.KerasTensor, stop: keras.KerasTensor | None
) -> list[keras.KerasTensor]:
    """`tensor` and all tensors it is computed from, not going past `stop`."""
    found, seen, pending = [], set(), [tensor]
    while pending:
        current = pending.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        found.append(current)
        if current is not stop:
            operation, node_index, _ = current._keras_history
            pending += operation._inbound_nodes[node_index].input_tensors
    return found
