"""What was read by a dataset that is gone, is gone too."""

import gc
import weakref

import numpy as np
import pytest
import tensorflow as tf

from dg_keras.data import Domain, interleave, pooled
from dg_keras.data.feeding.image_store import ImageStore


@pytest.fixture
def domain(folder):
    """A function that makes a domain of images which nobody else holds."""

    def make():
        paths = sorted((folder / "day" / "cat").iterdir())
        store = ImageStore(paths, 4, memory_limit=2**20)
        return Domain("day", store, np.arange(10), np.zeros(10), ["cat"])

    return make


def read_interleaved(domains):
    list(interleave(domains, 4, seed=0).take(2))


def read_pooled(domains):
    list(pooled(domains, 4))


def read_traced(domains):
    for domain in domains:
        tf.function(domain.fetch)(tf.range(3, dtype=tf.int64))


@pytest.mark.parametrize("read", [read_interleaved, read_pooled, read_traced])
@pytest.mark.parametrize("mapped", [False, True])
def test_images_are_freed(domain, read, mapped):
    day = domain()
    domains = [day.map(lambda x, y: (x / 2, y)) if mapped else day, domain()]
    read(domains)
    kept = [weakref.ref(day), *(weakref.ref(d.images) for d in domains)]
    assert all(reference() is not None for reference in kept)

    del day, domains
    gc.collect()

    assert [reference() for reference in kept] == [None] * 3


def test_arrays_are_freed():
    x = tf.constant(np.arange(8.0, dtype=np.float32))
    kept = weakref.ref(x)
    for read in (read_interleaved, read_pooled):
        read([(x, np.arange(8))])

    del x
    gc.collect()

    assert kept() is None


def test_who_tells_the_start_step_is_freed():
    class Holder:
        def __init__(self):
            with tf.device("CPU:0"):
                self.step = tf.Variable(3, dtype=tf.int64)

    holder = Holder()
    arrays = (np.arange(8), np.arange(8))
    list(interleave([arrays, arrays], 4, start_step=holder.step).take(2))
    kept = [weakref.ref(holder), weakref.ref(holder.step)]

    del holder
    gc.collect()

    assert [reference() for reference in kept] == [None] * 2


def test_a_dataset_keeps_the_images_it_reads(domain):
    batches = iter(interleave([domain(), domain()], 4, seed=0).take(3))
    gc.collect()

    assert len(list(batches)) == 3


def test_images_that_nobody_kept_are_told(domain):
    day = domain()
    variant, spec = tf.data.experimental.to_variant(day), day.element_spec
    del day
    gc.collect()

    with pytest.raises(tf.errors.UnknownError, match="keep its `Domain`, or a dataset made of it"):
        next(iter(tf.data.experimental.from_variant(variant, spec)))
