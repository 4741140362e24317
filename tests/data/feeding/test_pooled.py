import keras
import numpy as np
import pytest
import tensorflow as tf

from dg_keras.data import load, pooled


def arrays(size, start=0):
    y = np.arange(start, start + size)
    return 10.0 * y[:, None], y


def as_stream(domain):
    x, y = domain
    return tf.data.Dataset.from_tensor_slices((np.float32(x), y))


def as_filtered(domain):
    return as_stream(domain).filter(lambda x, y: True)


@pytest.mark.parametrize("kind", [lambda domain: domain, as_stream, as_filtered])
def test_all_samples_once_in_their_order(kind):
    domains = {"a": arrays(5), "b": kind(arrays(4, 100)), "c": arrays(1, 200)}

    batches = list(pooled(domains, 4))

    assert [len(y) for _, y in batches] == [4, 4, 2]
    y = np.concatenate([y for _, y in batches])
    np.testing.assert_array_equal(y, [*range(5), *range(100, 104), 200])
    np.testing.assert_array_equal(np.concatenate([x for x, _ in batches])[:, 0], 10 * y)


def test_images(folder):
    images = load(folder, image_size=5)
    domains = {name: images.part(name) for name in images.domains}

    dataset = pooled(domains, 8)

    assert dataset.element_spec[0] == tf.TensorSpec((None, 5, 5, 3), tf.float32)
    assert dataset.cardinality() == 4
    expected = [element for domain in domains.values() for element in domain]
    for part, (image, label) in zip(dataset.unbatch(), expected, strict=True):
        np.testing.assert_array_equal(part[0], image)
        assert part[1] == label


def test_one_domain_nested_and_weighed():
    inputs = [np.arange(3.0), {"b": np.arange(3)}]

    (a, inside), y, weight = next(iter(pooled([(inputs, np.arange(3), np.ones(3))], 2)))

    assert (a.dtype, inside["b"].dtype, weight.dtype) == (tf.float32, tf.int64, tf.float32)
    np.testing.assert_array_equal(inside["b"], y)


def test_ragged_and_sparse():
    rows = [[1], [], [2, 3]]
    x = {"ragged": tf.ragged.constant(rows), "sparse": tf.sparse.from_dense(np.eye(3))}

    batches = list(pooled({"a": (x, np.arange(3)), "b": (x, np.arange(3))}, 4))

    assert [len(y) for _, y in batches] == [4, 2]
    for x, y in batches:
        assert x["ragged"].to_list() == [rows[k] for k in y]
        np.testing.assert_array_equal(tf.sparse.to_dense(x["sparse"]), np.eye(3)[y])


def test_keras_evaluates_on_it_as_on_the_arrays():
    net = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    net.compile("sgd", loss="mse")
    (x, y), (u, v) = arrays(5), arrays(4, 3)

    loss = net.evaluate(pooled({"a": (x, y), "b": (u, v)}, 4), verbose=0)

    expected = net.evaluate(np.r_[x, u], np.r_[y, v], batch_size=4, verbose=0)
    np.testing.assert_allclose(loss, expected, rtol=1e-6)


def test_has_no_tuner():
    assert pooled([arrays(3)], 2).options().autotune.enabled is False


def test_a_generator_that_was_read_is_not_left_out_in_silence():
    once = iter([(0, 1), (2, 3)])
    spec = (tf.TensorSpec((), tf.int64), tf.TensorSpec((), tf.int64))
    stream = tf.data.Dataset.from_generator(lambda: once, output_signature=spec)
    dataset = pooled({"fine": (np.arange(2), np.arange(2)), "once": stream}, 4)

    assert [len(y) for _, y in dataset] == [4]
    with pytest.raises(tf.errors.InvalidArgumentError, match="domain once gave no element"):
        list(dataset)


@pytest.mark.parametrize(
    ("domains", "batch_size", "message"),
    [
        ({"a": as_stream(arrays(3)).repeat()}, 2, "must be finite. Received: domain 'a' is not"),
        (
            {"a": arrays(3), "b": arrays(0)},
            2,
            "at least one element. Received: domain 'b' is empty",
        ),
        ({"a": as_stream(arrays(3)).batch(2)}, 2, "unbatched.*domain 'a'"),
        ({"a": arrays(3), "b": (np.zeros(3), np.zeros(3))}, 2, "one structure, shape and dtype"),
        ([], 2, "at least one domain. Received: domains is empty"),
        ([arrays(3)], 0, "`batch_size` must be a positive whole number. Received: batch_size=0"),
    ],
)
def test_faults(domains, batch_size, message):
    with pytest.raises(ValueError, match=message):
        pooled(domains, batch_size)
