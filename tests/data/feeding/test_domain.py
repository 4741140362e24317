import gc
import logging

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from dg_keras.data import Domain, load
from dg_keras.data.feeding import image_store
from dg_keras.data.feeding.image_store import ImageStore


def count_decoding(monkeypatch):
    decoded = []
    read_image = image_store.read_image

    def count(path, image_size):
        decoded.append(path)
        return read_image(path, image_size)

    monkeypatch.setattr(image_store, "read_image", count)
    return decoded


@pytest.fixture
def day(folder):
    return load(folder, image_size=(6, 8)).part("day")


def elements(dataset):
    images, labels = zip(*dataset.as_numpy_iterator(), strict=True)
    return np.stack(images), np.stack(labels)


def double(image, label):
    return 2 * image, label


def test_is_a_dataset_of_images_and_labels(day):
    assert isinstance(day, tf.data.Dataset)
    assert day.element_spec == (
        tf.TensorSpec((6, 8, 3), tf.float32),
        tf.TensorSpec((), tf.int32),
    )
    images, labels = elements(day)
    assert len(day) == day.cardinality() == len(images) == 20
    np.testing.assert_array_equal(labels, day.labels)
    np.testing.assert_array_equal(labels, [0] * 10 + [1] * 10)
    np.testing.assert_array_equal(images[:, 0, 0, 0], [*range(0, 100, 10)] * 2)
    assert day.name == "day"
    assert day.classes == ("cat", "dog")
    assert [path.name for path in day.paths[:2]] == ["0.png", "1.png"]


def test_prefetch_keeps_the_random_access(day):
    assert day.prefetch(tf.data.AUTOTUNE) is day
    assert isinstance(day.map(double).prefetch(1), Domain)


def test_other_methods_give_ordinary_datasets(day):
    batched = day.filter(lambda image, label: label == 1).batch(4)

    assert not isinstance(batched, Domain)
    assert [len(labels) for _, labels in batched] == [4, 4, 2]


@pytest.mark.parametrize("mapped", [False, True])
def test_random_access_agrees_with_iteration(day, mapped):
    domain = day.map(double) if mapped else day
    images, labels = elements(domain)
    indices = tf.constant([3, 19, 3, 0], tf.int64)

    for fetch in (domain.fetch, tf.function(domain.fetch)):
        fetched_images, fetched_labels = fetch(indices)
        np.testing.assert_array_equal(fetched_images, images[indices])
        np.testing.assert_array_equal(fetched_labels, labels[indices])


def test_map_keeps_the_domain_and_leaves_the_original_alone(day):
    mapped = day.map(double, num_parallel_calls=1).map(lambda image, label: (image + 1, label, 0.5))

    assert isinstance(mapped, Domain)
    assert len(mapped) == 20
    np.testing.assert_array_equal(mapped.labels, day.labels)
    image, _, weight = next(mapped.skip(1).as_numpy_iterator())
    assert image.max() == 21.0
    assert weight == 0.5
    assert elements(day)[0].max() == 90.0


def test_map_may_return_one_tensor(day):
    brightness = day.map(lambda image, label: tf.reduce_max(image)).map(lambda bright: bright + 1)

    np.testing.assert_array_equal(brightness.fetch([1, 9]), [11.0, 91.0])


def test_map_is_applied_anew_to_images_that_are_decoded_once(day, monkeypatch):
    decoded = count_decoding(monkeypatch)
    calls = tf.Variable(0)

    def count(image, label):
        calls.assign_add(1)
        return image, label

    mapped = day.map(count, num_parallel_calls=1)
    for _ in range(3):
        elements(mapped)

    assert calls.numpy() == 60
    assert len(decoded) == 20


def test_every_view_shares_the_decoded_images(folder, monkeypatch):
    decoded = count_decoding(monkeypatch)
    for target in ("day", "night", None):
        data = load(folder, target=target, image_size=7)
        for split in ("train", "validation", "test", None):
            list(data.part("day", split))
            list(data.part("night", split))
        list(data.test)

    assert len(decoded) == len(set(decoded)) == 28


def test_only_what_is_used_is_decoded(folder, monkeypatch):
    decoded = count_decoding(monkeypatch)

    load(folder).part("day").fetch([2, 4, 2])

    assert sorted(path.name for path in decoded) == ["2.png", "4.png"]


def test_an_iterator_outlives_the_objects_it_came_from(folder):
    iterator = iter(load(folder, image_size=4).test.unbatch())
    gc.collect()

    assert len(list(iterator)) == 6


def test_a_changed_file_is_decoded_anew(folder):
    path = folder / "day" / "cat" / "0.png"
    before = load(folder, image_size=4).part("day").fetch([0])[0]
    Image.new("L", (60, 80), 77).save(path)

    after = load(folder, image_size=4).part("day").fetch([0])[0]

    assert np.max(before) == 0
    assert np.min(after) == 77


def test_above_the_memory_limit_images_are_the_same_and_not_kept(folder, caplog):
    kept = load(folder, image_size=16).part("day")
    with caplog.at_level(logging.WARNING, "dg_keras"):
        unkept = load(folder, image_size=16, memory_limit=28 * 16 * 16 * 3 - 1).part("day")

    assert kept.images.kept
    assert not unkept.images.kept
    assert [record.message for record in caplog.records] == [
        "28 images take 0.0 GiB, more than memory_limit (0.0 GiB): they are decoded at every use."
    ]
    for a, b in zip(elements(kept), elements(unkept), strict=True):
        np.testing.assert_array_equal(a, b)


def test_broken_image_is_named(folder):
    (folder / "day" / "dog" / "3.png").write_bytes(b"no image")
    day = load(folder, image_size=4).part("day")

    with pytest.raises(tf.errors.InvalidArgumentError, match=r"dog/3\.png"):
        list(day)
    with pytest.raises(ValueError, match=r"dog/3\.png"):
        day.images.read(np.arange(20))
    assert day.fetch([0, 12])[0].shape == (2, 4, 4, 3)


@pytest.mark.parametrize("limit", [0, 2**30])
def test_a_broken_image_is_found_whether_images_are_kept_or_not(folder, limit):
    (folder / "day" / "dog" / "3.png").write_bytes(b"no image")
    images = load(folder, image_size=4, memory_limit=limit).images
    with pytest.raises(ValueError, match=r"dog/3\.png"):
        images.check()


def test_store_reads_rows_in_any_order(folder):
    paths = sorted((folder / "day" / "cat").iterdir())
    store = ImageStore(paths, 2, memory_limit=2**20)

    assert store.read(np.array([5, 0, 5])).max(axis=(1, 2, 3)).tolist() == [50, 0, 50]
    assert store.read(np.array([], np.int64)).shape == (0, 2, 2, 3)
