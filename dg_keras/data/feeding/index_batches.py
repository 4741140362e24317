"""Which elements of domains make up which batch."""

from collections.abc import Callable, Sequence

import tensorflow as tf

_FEW = 16  # passes of a domain in a batch, each of which is a few operations
_PHILOX = tf.random.Algorithm.PHILOX.value  # named, since the default differs between devices


def index_batches(
    sizes: Sequence[int],
    batch_size: int,
    seeds: Sequence[tuple[int, int]],
    start_step: int | tf.Variable,
    shuffle: bool,
) -> tf.data.Dataset:
    """Draws the positions of domains' elements, batch by batch, without end.

    Draw k of a domain of size n takes place k mod n of pass k // n; a pass goes through all
    elements once, in an order that depends on the domain's seed and the pass alone, and passes run
    on inside a batch. So the batch of step t is a function of the arguments and t, whatever came
    before.

    An order is Fisher and Yates' shuffle. (`index_shuffle` of TensorFlow, which needs no order in
    memory, knows only 256 orders of fewer than 2**16 elements and takes longer.) The two orders
    that can be needed are made once for as many steps as the smallest of the domains lasts.

    Args:
        sizes: Number of elements of each domain.
        batch_size: Number of draws per domain and step.
        seeds: Two whole numbers per domain, that its orders depend on.
        start_step: The step of the first batch; a variable is read when an iteration begins.
        shuffle: Whether the order differs from pass to pass; else it is 0..size-1 in every pass.

    Returns:
        Infinite dataset of a tuple of positions, int64, shape `[batch_size]`, one per domain.
    """
    together = max(1, min(sizes) // batch_size)

    def firsts(_: tf.Tensor) -> tf.data.Dataset:
        return tf.data.Dataset.range(tf.cast(start_step, tf.int64), tf.int64.max, together)

    orders = [
        _orders(size, seed) if shuffle else _as_they_are(size)
        for size, seed in zip(sizes, seeds, strict=True)
    ]

    def positions(step: tf.Tensor) -> tuple[tf.Tensor, ...]:
        first, draws = step * batch_size, together * batch_size
        return tuple(_positions(first, draws, *of) for of in zip(sizes, orders, strict=True))

    # One function of few operations for all domains, and none in a dataset that another's function
    # returns: each takes its time to be made ready, in every iteration.
    unconverted = tf.autograph.experimental.do_not_convert
    steps = tf.data.Dataset.from_tensors(0).flat_map(unconverted(firsts))
    batches = steps.map(unconverted(positions)).rebatch(batch_size, drop_remainder=True)
    return batches.apply(tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY))


def _positions(
    first: tf.Tensor, draws: int, size: int, order: Callable[[tf.Tensor], tf.Tensor]
) -> tf.Tensor:
    """The positions of some draws, one after the other."""
    number = first // size
    count = (draws + size - 2) // size + 1
    if count <= _FEW:
        passes = tf.concat([order(number + later) for later in range(count)], axis=0)
    else:  # of a domain much smaller than a batch: in a loop, which takes its time to begin
        passes = tf.reshape(tf.map_fn(order, number + tf.range(count, dtype=tf.int64)), [-1])
    at = tf.reshape(first - number * size, [1])
    return tf.ensure_shape(tf.slice(passes, at, [draws]), [draws])


def _orders(size: int, seed: tuple[int, int]) -> Callable[[tf.Tensor], tf.Tensor]:
    """The order of a pass: `stateless_shuffle` by `stateless_fold_in(seed, number)`.

    TensorFlow makes a hundred operations of these, which are three of its kernels.
    """
    with tf.device("CPU:0"):  # where datasets are; constants elsewhere would travel
        unshuffled = tf.range(size, dtype=tf.int64)
        folded, _ = tf.unstack(
            tf.random.experimental.stateless_fold_in(
                tf.cast(seed, tf.int64), tf.zeros([], tf.int64), alg="philox"
            )
        )

    def order(number: tf.Tensor) -> tf.Tensor:
        seed_of_pass = tf.stack([folded, number])
        key, counter = tf.raw_ops.StatelessRandomGetKeyCounter(seed=seed_of_pass)
        return tf.raw_ops.StatelessShuffle(value=unshuffled, key=key, counter=counter, alg=_PHILOX)

    return order


def _as_they_are(size: int) -> Callable[[tf.Tensor], tf.Tensor]:
    return lambda _: tf.range(size, dtype=tf.int64)
