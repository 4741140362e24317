"""The kinds of arrays and streams that domains are made of: lists, ragged, sparse, one-shot."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dg_keras.data import interleave

SIZE, BATCH = 5, 4


def row(domain, k):
    """What sample k of a domain holds: as many numbers as k, all of which tell where it is from."""
    return [100 * domain + 10 * k + j for j in range(k % 3)]


def ragged(domain):
    return tf.ragged.constant([row(domain, k) for k in range(SIZE)], tf.int32, ragged_rank=1)


def sparse(domain):
    """Two columns, of which one is zero; its indices are not in order."""
    dense = np.zeros((SIZE, 2), np.float32)
    dense[:, domain] = 1 + 10 * domain + np.arange(SIZE)
    tensor = tf.sparse.from_dense(dense)
    return tf.SparseTensor(tensor.indices[::-1], tensor.values[::-1], tensor.dense_shape)


def labels(domain):
    return 10 * domain + np.arange(SIZE)


def as_stream(domain):
    *x, y = domain
    x = [tf.sparse.reorder(t) if isinstance(t, tf.SparseTensor) else t for t in x]
    return tf.data.Dataset.from_tensor_slices((*x, y))


def identity(domain):
    return domain


def expected_labels(steps, domains=2):
    """In their order, domain by domain: 0, 10, 1, 11, ..."""
    drawn = np.arange(steps * BATCH) % SIZE
    return np.stack([10 * d + drawn for d in range(domains)], 1).reshape(steps, -1)


@pytest.mark.parametrize("kind", [identity, as_stream])
def test_ragged(kind):
    domains = [kind((ragged(d), labels(d))) for d in range(2)]

    batches = list(interleave(domains, BATCH, shuffle=False).take(3))

    for (x, y), expected in zip(batches, expected_labels(3), strict=True):
        np.testing.assert_array_equal(y, expected)
        assert x.shape.as_list() == [2 * BATCH, None]
        assert x.to_list() == [row(label // 10, label % 10) for label in expected]


@pytest.mark.parametrize("kind", [identity, as_stream])
def test_ragged_inside(kind):
    """More ragged dimensions than one, and dense ones inside."""
    rows = [[[[k, 1.0]] * (k % 2 + 1)] * (k % 3) for k in range(SIZE)]
    x = tf.ragged.constant(rows, tf.float32, ragged_rank=2, inner_shape=(2,))
    domains = {"a": kind((x, labels(0))), "b": kind((x, labels(1)))}

    batches = list(interleave(domains, BATCH, shuffle=False).take(2))

    for (x, _), expected in zip(batches, expected_labels(2), strict=True):
        assert x.to_list() == [rows[label % 10] for label in expected]


@pytest.mark.parametrize("kind", [identity, as_stream])
def test_sparse(kind):
    domains = [kind((sparse(d), labels(d))) for d in range(2)]

    batches = list(interleave(domains, BATCH, shuffle=False).take(3))

    for (x, y), expected in zip(batches, expected_labels(3), strict=True):
        np.testing.assert_array_equal(y, expected)
        assert isinstance(x, tf.SparseTensor)
        assert x.shape.as_list() == [2 * BATCH, 2]
        dense = np.zeros((2 * BATCH, 2))
        dense[range(2 * BATCH), expected // 10] = 1 + expected
        np.testing.assert_array_equal(tf.sparse.to_dense(x), dense)


def test_shuffled_rows_stay_together():
    inputs = {"dense": labels(0)[:, None], "ragged": ragged(0), "sparse": sparse(0)}
    domain = (inputs, labels(0), np.float64(1 + labels(0)))

    for x, y, weight in interleave([domain, domain, domain], BATCH, seed=1).take(6):
        np.testing.assert_array_equal(x["dense"][:, 0], y)
        np.testing.assert_array_equal(weight, 1 + y)
        np.testing.assert_array_equal(tf.sparse.to_dense(x["sparse"])[:, 0], 1 + y)
        assert x["ragged"].to_list() == [row(0, k) for k in y.numpy()]


def test_keras_trains_on_sparse_inputs():
    net = keras.Sequential([keras.Input((2,), sparse=True), keras.layers.Dense(1)])
    net.compile("sgd", loss="mse")

    batches = interleave([(sparse(d), labels(d)) for d in range(2)], BATCH)
    net.fit(batches, steps_per_epoch=2, verbose=0, shuffle=False)


def test_lists_become_tuples():
    x, y = np.arange(SIZE), labels(0)
    domains = {"a": ([x, -x], [y, 2 * y]), "b": as_stream(((x, -x), (y, 2 * y)))}

    (x, minus_x), (y, twice_y) = next(iter(interleave(domains, BATCH)))

    np.testing.assert_array_equal(minus_x, -x)
    np.testing.assert_array_equal(twice_y, 2 * y)
    np.testing.assert_array_equal(x, y)


def test_images_of_a_size_that_is_not_told():
    spec = (tf.TensorSpec((None, None, 3)), tf.TensorSpec((None, None)))
    told = (np.ones((SIZE, 4, 6, 3), np.float32), np.ones((SIZE, 4, 6), np.float32))

    def stream(output_signature):
        pairs = list(zip(*told, strict=True))
        return tf.data.Dataset.from_generator(lambda: pairs, output_signature=output_signature)

    unknown = (tf.TensorSpec(None), tf.TensorSpec(None))
    for domains in ([stream(spec), stream(spec)], [stream(spec), told], [stream(unknown)] * 2):
        x, y = next(iter(interleave(domains, BATCH)))
        assert x.shape == (2 * BATCH, 4, 6, 3)
        assert y.shape == (2 * BATCH, 4, 6)


def generated(generator):
    spec = (tf.TensorSpec((1,), tf.int64), tf.TensorSpec((), tf.int64))
    return tf.data.Dataset.from_generator(generator, output_signature=spec)


def pairs(size=10):
    return (([k], k) for k in range(size))


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_generator_that_runs_dry_is_told(shuffle):
    once = pairs()
    domains = {"fine": generated(pairs), "once": generated(lambda: once)}
    batches = iter(interleave(domains, 4, seed=0, shuffle=shuffle))

    drawn = [next(batches)[1].numpy()[1::2] for _ in range(2)]
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"domain once gave no element"):
        next(batches)

    assert np.unique(drawn).size == 8
    if not shuffle:  # nothing looked at the first element before
        np.testing.assert_array_equal(np.ravel(drawn), range(8))


def test_a_stream_without_elements_is_told():
    domains = {"fine": generated(pairs), "empty": generated(pairs).filter(lambda x, y: y < 0)}
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"domain empty gave no element"):
        next(iter(interleave(domains, 4)))


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_generator_that_starts_anew_is_a_stream_as_any_other(shuffle):
    known = generated(pairs).apply(tf.data.experimental.assert_cardinality(10))

    def drawn(domain):
        batches = interleave([domain], 4, seed=3, shuffle=shuffle).take(10)
        return np.stack([y for _, y in batches])

    np.testing.assert_array_equal(drawn(generated(pairs)), drawn(known))


def test_a_generator_of_ragged_elements():
    spec = (tf.RaggedTensorSpec((None,), tf.int32, 0, tf.int64), tf.TensorSpec((), tf.int64))
    plain = tf.data.Dataset.from_tensor_slices((ragged(0), labels(0)))
    stream = plain.filter(lambda x, y: True)
    assert stream.element_spec == spec

    for x, y in interleave([stream, stream], BATCH).take(4):
        assert x.to_list() == [row(0, k) for k in y.numpy()]
