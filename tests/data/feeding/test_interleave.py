import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from dg_keras.data import interleave, load
from dg_keras.data.feeding.index_batches import index_batches


def arrays(size, start=0):
    """Samples that are told by their label, x being ten times it."""
    y = np.arange(start, start + size)
    return np.float32(10 * y[:, None]), y


def labels(dataset, steps):
    return np.stack([batch[1] for batch in dataset.take(steps).as_numpy_iterator()])


def as_stream(domain):
    return tf.data.Dataset.from_tensor_slices(domain)


def test_sample_i_belongs_to_domain_i_modulo_their_number():
    domains = {name: arrays(5, 100 * k) for k, name in enumerate("abc")}

    for kind in (domains, tuple(domains.values()), [as_stream(d) for d in domains.values()]):
        for x, y in interleave(kind, batch_size=4).take(3).as_numpy_iterator():
            np.testing.assert_array_equal(y // 100, [0, 1, 2] * 4)
            np.testing.assert_array_equal(x[:, 0], 10 * y)


def test_batches_are_static_float32_and_endless():
    dataset = interleave([arrays(5), arrays(7)], batch_size=4)

    assert dataset.element_spec == (
        tf.TensorSpec((8, 1), tf.float32),
        tf.TensorSpec((8,), tf.int64),
    )
    assert dataset.cardinality() == tf.data.INFINITE_CARDINALITY


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("size", "batch_size"), [(7, 3), (1, 2), (8, 8), (19, 128)])
def test_every_element_comes_once_a_pass(size, batch_size, stream):
    domain = as_stream(arrays(size)) if stream else arrays(size)
    steps = 6 * size // batch_size + 1
    drawn = labels(interleave([domain, domain], batch_size), steps).reshape(-1, 2)

    for column in drawn.T:
        passes = column[: len(column) // size * size].reshape(-1, size)
        np.testing.assert_array_equal(np.sort(passes), [range(size)] * len(passes))
        if size > 3:
            assert len(np.unique(passes, axis=0)) > 1


def test_without_shuffle_domains_are_drawn_in_their_order():
    domains = [arrays(3), as_stream(arrays(2, 100))]

    drawn = labels(interleave(domains, 4, shuffle=False), 2).reshape(-1, 2)

    np.testing.assert_array_equal(drawn[:, 0], [0, 1, 2, 0, 1, 2, 0, 1])
    np.testing.assert_array_equal(drawn[:, 1], [100, 101] * 4)


def test_start_step_may_be_told_when_an_iteration_begins():
    domains = [arrays(30), arrays(7)]
    with tf.device("CPU:0"):
        start_step = tf.Variable(0, dtype=tf.int64)
    later = interleave(domains, 4, seed=1, start_step=start_step)
    for step in (3, 20):
        start_step.assign(step)
        expected = interleave(domains, 4, seed=1, start_step=step)
        np.testing.assert_array_equal(labels(later, 3), labels(expected, 3))


def test_a_stream_reads_the_start_step_when_an_iteration_begins():
    domain = as_stream(arrays(20))
    start_step = tf.Variable(2, dtype=tf.int64)

    later = interleave([domain], 4, seed=1, start_step=start_step)
    start_step.assign(3)

    expected = interleave([domain], 4, seed=1, start_step=3)
    np.testing.assert_array_equal(labels(later, 3), labels(expected, 3))


@pytest.mark.parametrize("kind", [tuple, as_stream])
def test_start_step_may_be_made_where_variables_are_mirrored(kind):
    domain = kind(arrays(20))
    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        start_step = tf.Variable(2, dtype=tf.int64)
        later = labels(interleave([domain], 4, seed=1, start_step=start_step), 3)

    expected = labels(interleave([domain], 4, seed=1, start_step=2), 3)
    np.testing.assert_array_equal(later, expected)


def test_without_a_seed_keras_seed_rules():
    def drawn(seed):
        if seed is not None:
            keras.utils.set_random_seed(seed)
        return labels(interleave([arrays(20)], 20), 1).tolist()

    assert drawn(1) == drawn(1)
    assert len({str(drawn(seed)) for seed in (1, 2, None)}) == 3


@pytest.mark.parametrize("batch_size", [1, 4, 16, 50])
@pytest.mark.parametrize("sizes", [(20,), (33, 7, 40), (2, 300, 3000, 1)])  # 1: in a loop
def test_the_batch_of_a_step_is_a_function_of_seed_and_step(sizes, batch_size):
    def order(domain, number):
        of_pass = tf.random.experimental.stateless_fold_in(
            tf.constant([5, domain], tf.int64), tf.constant(number, tf.int64), alg="philox"
        )
        return tf.random.experimental.stateless_shuffle(
            tf.range(sizes[domain]), of_pass, alg="philox"
        ).numpy()

    start, steps = 3, 9
    drawn = labels(interleave(list(map(arrays, sizes)), batch_size, 5, start_step=start), steps)

    for domain, size in enumerate(sizes):
        draws = range(start * batch_size, (start + steps) * batch_size)
        orders = {k // size: order(domain, k // size) for k in draws}
        expected = [orders[k // size][k % size] for k in draws]
        np.testing.assert_array_equal(drawn[:, domain :: len(sizes)].ravel(), expected)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("start_step", [1, 40])
def test_start_step_is_skip(start_step, stream):
    domains = [arrays(5), as_stream(arrays(6)) if stream else arrays(30)]

    later = interleave(domains, 4, seed=1, start_step=start_step)

    np.testing.assert_array_equal(
        labels(later, 3), labels(interleave(domains, 4, seed=1).skip(start_step), 3)
    )


def test_a_far_start_costs_nothing():
    far = interleave([arrays(1000), arrays(7)], 128, start_step=10**12)

    assert labels(far, 1).shape == (1, 256)


def test_orders_depend_on_seed_domain_and_pass():
    def orders(seed):
        drawn = labels(interleave([arrays(20), arrays(20)], 20, seed), 2).reshape(2, 20, 2)
        return {tuple(drawn[number, :, domain]) for number in range(2) for domain in range(2)}

    assert len(orders(0) | orders(1) | orders(2**40)) == 12
    assert orders(1) == orders(1)


def test_numpy_and_tensorflow_seeds_do_not_matter():
    def drawn():
        return labels(interleave([arrays(20)], 20, seed=0), 3)

    expected = drawn()
    tf.random.set_seed(5)

    np.testing.assert_array_equal(drawn(), expected)


@pytest.mark.parametrize("varied", ["seed", "domain", "pass"])
@pytest.mark.parametrize("size", [3, 19, 86])
def test_orders_are_uniform(size, varied):
    """Every element is at every place equally often, and so are pairs of neighbours."""
    count = 1000
    if varied == "pass":
        orders = np.stack(list(index_batches([size], size, [(7, 0)], 0, True).take(count)))[:, 0]
    else:
        seeds = np.full((count, 2), 7)
        seeds[:, 0 if varied == "seed" else 1] = range(count)
        dataset = tf.data.Dataset.from_tensor_slices(seeds).flat_map(
            lambda seed: index_batches([size], size, [seed], 0, True).take(1)
        )
        orders = np.stack(list(dataset))[:, 0]

    np.testing.assert_array_equal(np.sort(orders), [range(size)] * count)
    places = np.zeros((size, size))
    np.add.at(places, (np.arange(size), orders), 1)
    # Rows and columns have fixed sums, which leaves (n - 1)^2 degrees of freedom.
    chi_square = (size - 1) * np.square(places - count / size).sum() / count
    freedom = (size - 1) ** 2
    assert abs(chi_square - freedom) < 5 * np.sqrt(2 * freedom)
    neighbours = np.zeros((size, size))
    np.add.at(neighbours, (orders[:, 0], orders[:, 1]), 1)
    expected = count / (size * (size - 1))
    pairs = neighbours[~np.eye(size, dtype=bool)]
    freedom = len(pairs) - 1
    chi_square = np.square(pairs - expected).sum() / expected
    assert abs(chi_square - freedom) < 5 * np.sqrt(2 * freedom)


@pytest.mark.parametrize("threads", [1, 7])
def test_the_number_of_threads_does_not_matter(threads, styleshift):
    options = tf.data.Options()
    options.threading.private_threadpool_size = threads
    dataset = interleave(styleshift.train, 8).take(4)

    for a, b in zip(dataset, dataset.with_options(options), strict=True):
        np.testing.assert_array_equal(a[0], b[0])
        np.testing.assert_array_equal(a[1], b[1])


def test_domains_are_the_same_kept_unkept_mapped_and_as_arrays(folder):
    kept = load(folder, image_size=5)
    unkept = load(folder, image_size=5, memory_limit=0)
    kinds = [
        kept.train,
        unkept.train,
        {name: part.map(lambda x, y: (x, y)) for name, part in kept.train.items()},
        {name: part.fetch(range(len(part))) for name, part in kept.train.items()},
        [kept.train["day"].map(lambda x, y: (x, y)), kept.train["night"]],
    ]

    batches = [list(interleave(kind, 3, seed=2).take(5)) for kind in kinds]

    assert batches[0][0][0].dtype == tf.float32
    assert batches[0][0][0].shape == (6, 5, 5, 3)
    for other, step in itertools.product(batches[1:], range(5)):
        np.testing.assert_array_equal(other[step][0], batches[0][step][0])
        np.testing.assert_array_equal(other[step][1], batches[0][step][1])


@pytest.mark.parametrize("size", [20, 19])
def test_a_stream_of_a_large_domain_is_not_drawn_class_by_class(size, folder, monkeypatch):
    monkeypatch.setattr("dg_keras.data.feeding.interleave._SHUFFLE_BUFFER", size)
    day = load(folder, image_size=(6, 8)).part("day")
    streams = [day.cache(), day.filter(lambda *_: True), day.map(lambda x, y: (x, y)).take(20)]
    for stream in streams:
        if size == len(day):
            interleave({"day": stream, "night": day}, 2)
            continue
        with pytest.raises(ValueError, match=r"domain 'day', made of the 20 images of 'day'$"):
            interleave({"day": stream, "night": day}, 2)
    interleave({"day": day.shuffle(20).cache(), "night": day}, 2)
    interleave({"day": day.cache(), "night": day}, 2, shuffle=False)
    of_classes = [day.filter(lambda _, y, k=k: y == k).repeat() for k in range(2)]
    interleave({"day": tf.data.Dataset.sample_from_datasets(of_classes), "night": day}, 2)


def test_augmentation_is_drawn_anew_each_pass(folder):
    train = load(folder, image_size=5, target="night").train["day"]
    noisy = train.map(lambda x, y: (x + tf.random.uniform([]), y))

    batches = [batch[0].numpy() for batch in interleave([noisy], len(train)).take(2)]

    assert len(np.unique(batches[0].max(axis=(1, 2, 3)))) == len(train)
    assert np.intersect1d(*batches).size == 0


def test_dtypes_and_nested_inputs():
    inputs = {"image": np.zeros((4, 2, 2, 3), np.uint8), "age": np.arange(4.0)}
    domain = (inputs, np.arange(4.0), np.ones(4))

    x, y, weight = next(iter(interleave([domain, domain], 3)))

    assert (x["image"].dtype, x["age"].dtype) == (tf.uint8, tf.float32)
    assert (y.dtype, weight.dtype) == (tf.float64, tf.float32)
    assert x["image"].shape == (6, 2, 2, 3)
    np.testing.assert_array_equal(x["age"], y)


def test_large_arrays_are_no_part_of_the_graph():
    x = np.zeros((1000, 1000), np.float32)
    dataset = interleave([(x, np.zeros(1000))], 2)
    while not hasattr(dataset, "_map_func"):  # down to where rows are taken and merged
        dataset = dataset._input_dataset

    graph = dataset._map_func.function.graph.as_graph_def()

    assert graph.ByteSize() < 10_000


@pytest.mark.parametrize(
    ("domains", "message"),
    [
        (arrays(3), r"in `domains` must be .* Received: domain 0 is of type ndarray$"),
        (None, r"`domains` must be .* Received: domains is of type NoneType$"),
        ([], r"`domains` must be .* Received: domains is empty$"),
        ({"a": arrays(3), "b": arrays(0)}, "at least one element.*domain 'b' is empty"),
        ({"a": arrays(3), "b": as_stream(arrays(3)).batch(2)}, "domain 'b' is a batched dataset"),
        ({"a": (np.zeros(3), np.zeros(2))}, r"one length.*domain 'a' .*\[3, 2\]"),
        (
            {"a": arrays(3), "b": (np.zeros((3, 2)), np.zeros(3, int))},
            r"x is float32 of shape \(1,\) in domain 'a' and float32 of shape \(2,\)",
        ),
        (
            {"a": arrays(3), "b": (*arrays(3), np.ones(3))},
            r"\(x, y\) is \(.*\) in domain 'a' and \(.*\) in domain 'b'",
        ),
        (
            {"a": arrays(3), "b": (arrays(3)[0], np.zeros(3, np.int32))},
            r"y is int64 of shape \(\) in domain 'a' and int32 of shape \(\) in domain 'b'",
        ),
        (
            {"a": as_stream(arrays(3)).map(lambda x, y: {"x": x})},
            r"must be \(x, y\) or .*domain 'a' with elements \{",
        ),
    ],
)
def test_faulty_domains(domains, message):
    with pytest.raises(ValueError, match=message):
        interleave(domains, 2)


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"batch_size": 0}, "positive whole number. Received: batch_size=0"),
        ({"batch_size": 2.5}, "positive whole number. Received: batch_size=2.5"),
        ({"batch_size": "8"}, "positive whole number. Received: batch_size='8'"),
        ({"batch_size": True}, "positive whole number. Received: batch_size=True"),
        ({"seed": -1}, "non-negative integer .*, or None. Received: seed=-1"),
        ({"start_step": -1}, "whole number of at least 0, .* Received: start_step=-1"),
        (
            {"start_step": lambda: 1},
            "whole number .* scalar tf.Variable .* Received: start_step=<function",
        ),
        (
            {"start_step": tf.Variable(0.5)},
            "whole number .* scalar tf.Variable .* Received: start_step=<tf.Var",
        ),
        (
            {"start_step": tf.Variable([1])},
            "whole number .* scalar tf.Variable .* Received: start_step=<tf.Var",
        ),
    ],
)
def test_faulty_numbers(argument, message):
    with pytest.raises(ValueError, match=f"`{next(iter(argument))}` must be a {message}"):
        interleave([arrays(3)], **{"batch_size": 2, **argument})


def test_machines_draw_the_same_batches_whatever_domains_are_made_of():
    streams = {name: tf.data.Dataset.from_tensor_slices(arrays(3)) for name in "ab"}
    policy = interleave(streams, 2, seed=1).options().experimental_distribute.auto_shard_policy
    assert policy == tf.data.experimental.AutoShardPolicy.DATA  # as of arrays, which are no files


def held_ahead(dataset):
    """How many batches the steps of a pipeline make at once, where they make several."""
    own = getattr(dataset, "_num_parallel_calls", None)
    found = [] if own is None else [int(own)]
    return found + [number for inner in dataset._inputs() for number in held_ahead(inner)]


def test_memory_does_not_grow_with_the_cores(styleshift):
    made_at_once = held_ahead(interleave(styleshift.train, batch_size=4))
    assert made_at_once == [2]
    assert set(held_ahead(styleshift.validation)) == {2}
