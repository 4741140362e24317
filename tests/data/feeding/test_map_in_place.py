import gc
import threading

import numpy as np
import pytest
import tensorflow as tf

from dg_keras.common.check_keras import is_keras2
from dg_keras.data import interleave, load
from dg_keras.data.feeding.map_in_place import map_in_place
from tests.benchmark.few_images import few_images


@pytest.mark.parametrize("x", [np.arange(6.0), tf.ragged.constant([[1], [], [2, 3]] * 2)])
def test_elements_are_mapped(x):
    dataset = tf.data.Dataset.from_tensor_slices({"x": x, "y": np.arange(6)}).batch(2)

    mapped = map_in_place(dataset, lambda batch: {**batch, "y": batch["y"] + 1})

    assert mapped.element_spec == dataset.element_spec
    assert mapped.cardinality() == 3
    for given, made in zip(dataset, mapped, strict=True):
        np.testing.assert_array_equal(made["y"], given["y"] + 1)


@pytest.mark.skipif(is_keras2(), reason="TensorFlow can't be told there")
def test_no_other_thread_does_it():
    threads = set()

    def noted(y):
        threads.add(threading.get_ident())
        return y

    def look(x, y):
        return x, tf.ensure_shape(tf.numpy_function(noted, [y], tf.int64, stateful=False), y.shape)

    dataset = tf.data.Dataset.from_tensor_slices((np.zeros((999, 2)), np.arange(999))).batch(4)
    for _ in map_in_place(dataset, look):
        pass
    assert len(threads) == 1  # that of the iterator


def test_images_that_a_mapped_dataset_reads_are_kept():
    """Though no other name of theirs is left, and other images were loaded since."""
    images = load(few_images(), target="photo", image_size=16)
    batches = map_in_place(interleave(images.train, 2, seed=1), lambda x, y: (x, y + 0))
    del images
    load(few_images(), target="photo", image_size=24)
    gc.collect()
    x, _ = next(iter(batches))
    assert x.shape[1:] == (16, 16, 3)
