"""Which elements of a domain make up which batch."""

import tensorflow as tf


def index_batches(
    size: int,
    batch_size: int,
    seed: tuple[int, int],
    start_step: int | tf.Variable,
    shuffle: bool,
) -> tf.data.Dataset:
    """Draws the positions of a domain's elements, batch by batch, without end.

    Draw k takes place k mod size of pass k // size; a pass goes through all elements once, in an
    order that depends on `seed` and the pass alone, and passes run on inside a batch. So the batch
    of step t is a function of the arguments and t, whatever came before.

    An order is Fisher and Yates' shuffle, made once per pass. (`index_shuffle` of TensorFlow, which
    needs no order in memory, knows only 256 orders of fewer than 2**16 elements and takes longer.)

    Args:
        size: Number of elements of the domain.
        batch_size: Number of draws per step.
        seed: Two whole numbers that the orders depend on.
        start_step: The step of the first batch; a variable is read when an iteration begins.
        shuffle: Whether the order differs from pass to pass; else it is 0..size-1 in every pass.

    Returns:
        Infinite dataset of positions, int64, shape `[batch_size]`.
    """

    def draws(_: tf.Tensor) -> tf.data.Dataset:
        """The first draw of each pass that is taken, which of the first may be in its middle."""
        first = tf.cast(start_step, tf.int64) * batch_size
        next_pass = (first // size + 1) * size
        others = tf.data.Dataset.range(next_pass, tf.int64.max, size)
        return tf.data.Dataset.from_tensors(first).concatenate(others)

    def rest_of_pass(draw: tf.Tensor) -> tf.Tensor:
        order = tf.range(size, dtype=tf.int64)
        if shuffle:
            order = _order(tf.size(order, tf.int64), tf.cast(seed, tf.int64), draw // size)
        return order[draw % size :]

    unconverted = tf.autograph.experimental.do_not_convert
    # In a dataset that another's function returns, a function takes three times as long to be made
    # ready, in every iteration.
    passes = tf.data.Dataset.from_tensors(0).flat_map(unconverted(draws))
    batches = passes.map(unconverted(rest_of_pass)).rebatch(batch_size, drop_remainder=True)
    return batches.apply(tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY))


@tf.function(autograph=False)  # traced once, where every dataset would trace it anew
def _order(size: tf.Tensor, seed: tf.Tensor, number: tf.Tensor) -> tf.Tensor:
    # Named, since the default algorithm differs between devices.
    seed = tf.random.experimental.stateless_fold_in(seed, number, alg="philox")
    return tf.random.experimental.stateless_shuffle(
        tf.range(size, dtype=tf.int64), seed, alg="philox"
    )
