"""Sums over very many components."""

from collections.abc import Callable, Sequence

import tensorflow as tf

_ROWS = 8
_ROW = 2**15 + 80  # no multiple of a page: rows that are, contend for the same places in the cache
_BLOCK = _ROWS * _ROW
FEW = 2 * _BLOCK
"""Components below which a variable is not worth a loop or a kernel of its own."""


def totals(function: Callable[..., Sequence[tf.Tensor]], *tensors: tf.Tensor) -> list[tf.Tensor]:
    """The sums of what a function makes of the components of some tensors of one shape.

    On a CPU, XLA makes of each `tf.reduce_sum` a pass over all of its arguments, and a chain of
    additions on one core, which loses digits: of 4e7 ones in float32 it counts 2^24. There the
    tensors are taken in blocks of some rows that stay in the cache for all sums, and rows are added
    up component by component.

    Args:
        function: Called with as many tensors; works component by component, and returns a tensor
            for each sum.
        *tensors: Tensors of one shape.

    Returns:
        A scalar for each sum, of the dtype that `function` returns.
    """
    flat = [tf.reshape(tensor, [-1]) for tensor in tensors]
    size = flat[0].shape[0]
    # A GPU adds up in parallel, and would wait between blocks.
    if size is None or size < FEW or tf.config.list_logical_devices("GPU"):
        return [tf.reduce_sum(value) for value in function(*flat)]

    def add_block(number: tf.Tensor, *sums: tf.Tensor) -> tuple[tf.Tensor, ...]:
        block = function(*[tf.slice(t, [number * _BLOCK], [_BLOCK]) for t in flat])
        # Not `add_n` of the rows: in a loop, TensorFlow makes temporary variables of it where it
        # takes memory to be short, and fails when the function is called again.
        return number + 1, *[s + by_column(v) for s, v in zip(sums, block, strict=True)]

    def begin(value: tf.Tensor) -> tf.Tensor:
        return by_column(tf.pad(value, [[0, _BLOCK - size % _BLOCK]]))

    def by_column(block: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(tf.reshape(block, [_ROWS, _ROW]), axis=0)

    # What does not fill a block is where the sums begin.
    blocks = size // _BLOCK
    first = map(begin, function(*[t[blocks * _BLOCK :] for t in flat]))
    _, *sums = tf.while_loop(lambda number, *_: number < blocks, add_block, (0, *first))
    return [tf.reduce_sum(columns) for columns in sums]
