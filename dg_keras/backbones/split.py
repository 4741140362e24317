"""Cuts a network in two, for instance to compute once what is frozen."""

import keras

from dg_keras.common.cut import check_cut, front_of, output_of


def split(net: keras.Model, layer: str) -> tuple[keras.Model, keras.Model]:
    """Splits a network behind one of its layers.

    Both halves share their layers and weights with `net`: training the tail trains `net`, and
    `tail(front(x))` equals `net(x)`. Where the front is frozen, its features can be computed once
    for a whole data set and the tail trained on them.

    Args:
        net: A Functional or Sequential model of one output.
        layer: Name of the layer that ends the front. All paths through the network must pass it:
            the end of a residual block does, a layer inside one does not.

    Returns:
        `(front, tail)`: the models from the input of `net` to the output of `layer`, and from
        there to the output of `net`.

    Raises:
        ValueError: `net` is of another kind, has no such layer, calls it several times, or has a
            path around it.

    Examples:
            >>> net = dg_keras.backbones.EfficientNetLite0(classes=7, image_size=96)
            >>> front, tail = dg_keras.backbones.split(net, "block10_output")
            >>> front.output_shape
            (None, 6, 6, 112)
    """
    cut = output_of(net, layer, "layer")
    check_cut(net, cut, "layer", layer)
    return front_of(net, cut), keras.Model(cut, net.outputs[0], name=f"{net.name}_tail")
