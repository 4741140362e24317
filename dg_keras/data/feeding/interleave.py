"""Several domains as one dataset of interleaved batches."""

import hashlib
import itertools
import numbers
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from dg_keras.common.seeds import seed_or_drawn
from dg_keras.data.feeding.as_tensors import as_tensors
from dg_keras.data.feeding.at_once import AT_ONCE
from dg_keras.data.feeding.check_batch_size import check_batch_size
from dg_keras.data.feeding.check_domains import check_domains, check_elements, element_spec
from dg_keras.data.feeding.domain import Domain
from dg_keras.data.feeding.domains import is_of_unknown_size, named, number_of_rows
from dg_keras.data.feeding.index_batches import index_batches
from dg_keras.data.feeding.merge_batches import merge_batches
from dg_keras.data.feeding.never_empty import never_empty
from dg_keras.data.feeding.row_taker import row_taker
from dg_keras.data.feeding.without_tuner import without_tuner

_SHUFFLE_BUFFER = 1024  # elements of a streamed dataset in memory; of no use to the other kinds
_PREFETCHED = 2  # batches ready in advance: one in use by the device, one in the making
_ALIKE = 16  # times as large, up to which a domain's orders are made as often as another's


def interleave(
    domains: Sequence[Any] | Mapping[str, Any],
    batch_size: int,
    seed: int | None = None,
    *,
    start_step: int | tf.Variable = 0,
    shuffle: bool = True,
) -> tf.data.Dataset:
    """Makes one dataset of several domains, in batches to which each contributes equally.

    Sample i of a batch belongs to domain i mod N, N being the number of domains. Each domain is
    drawn in an order that is new every pass, and starts over when it is exhausted, inside a batch
    if need be: every element comes once per pass, and none is dropped.

    For a `Domain` and for arrays the batch of step t is a function of `seed` and t, so that
    `interleave(..., start_step=t)` is `interleave(...).skip(t)` without its cost. Any other
    dataset is streamed: shuffled within a buffer of 1024 elements (shuffle it yourself if it is
    sorted and larger: one that is made of a `Domain` is refused else), and skipped by reading. One
    that gives no element when it is started, or started again, as a generator that can be read only
    once, ends the iteration with a `tf.errors.InvalidArgumentError` that names it. Augmentation is
    `map` on a domain.

    Args:
        domains: A tuple, list or dict whose every element is a `Domain`, a tuple of arrays
            `(x, y)` or `(x, y, sample_weight)` of equal length, or another unbatched
            `tf.data.Dataset` of such elements. `x` and `y` may be nested; lists in them become
            tuples, as in Keras. Arrays keep their dtype, but for float64, which becomes float32 in
            `x` and `sample_weight`. They may be ragged or sparse.
        batch_size: Number of samples per domain and batch.
        seed: What the orders depend on, besides the domain's position, a whole number in
            0..2^63-1; None for one that is drawn, which `keras.utils.set_random_seed` rules.
        start_step: Number of batches to pass over; or a scalar `tf.Variable` of whole numbers on
            the CPU, which is read whenever an iteration begins.
        shuffle: Whether domains are drawn in random order; else in their own.

    Returns:
        Infinite dataset of `(x, y)` or `(x, y, sample_weight)` with `batch_size * N` samples in
        the first dimension, which is static.

    Raises:
        ValueError: If `domains` is not as described, a domain is empty or batched, the domains'
            elements differ in structure, shape or dtype, or an image of a `Domain` whose images
            are kept can't be decoded.

    Examples:
        >>> import dg_keras
        >>> import numpy as np
        >>> x = np.arange(6.0).reshape(3, 2)
        >>> domains = {"red": (x, np.zeros(3)), "blue": (-x, np.ones(3))}
        >>> x, y = next(iter(dg_keras.data.interleave(domains, batch_size=4)))
        >>> x.shape, y.numpy()
        (TensorShape([8, 2]), array([0., 1., 0., 1., 0., 1., 0., 1.]))
    """
    check_batch_size(batch_size)
    seed = seed_or_drawn(seed, below=2**63)
    _check_start_step(start_step)
    check_domains(domains)
    sources = {
        name: domain if isinstance(domain, tf.data.Dataset) else as_tensors(domain)
        for name, domain in named(domains)
    }
    check_elements(sources)
    of_each = map(_taker, sources.values())
    takers = {place: take for place, take in enumerate(of_each) if take is not None}
    drawn = _drawn(sources, set(takers), batch_size, seed, start_step, shuffle)
    places = [place for some in drawn for place in some]
    spec = element_spec(next(iter(sources.values())))

    @tf.autograph.experimental.do_not_convert
    def merged(*drawn: Any) -> Any:
        of_each = dict(zip(places, itertools.chain.from_iterable(drawn), strict=True))
        batches = [takers.get(place, _as_it_is)(of_each[place]) for place in sorted(places)]
        return tf.nest.map_structure(
            lambda leaf, *parts: merge_batches(parts, batch_size, leaf.dtype), spec, *batches
        )

    together = tf.data.Dataset.zip(tuple(drawn.values()))
    interleaved = together.map(merged, AT_ONCE, deterministic=True)
    options = tf.data.Options()
    # Several machines draw the same batches, of which each takes its part; TensorFlow would have
    # each read other files where domains are made of some.
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    if not any(isinstance(source, tf.data.Dataset) for source in sources.values()):
        # Nothing here gains by a rewrite, which takes a third of the time that an iteration needs
        # to begin. What a user's dataset is made of may gain.
        options.experimental_optimization.apply_default_optimizations = False
    batches = without_tuner(interleaved.prefetch(_PREFETCHED)).with_options(options)
    # Read by `DomainGeneralizer.fit`; a dataset that is made of this one does not have it.
    batches.domain_names = tuple(str(name) for name in sources)
    return batches


def _taker(source: Any) -> Callable[[tf.Tensor], Any] | None:
    """What takes rows of a domain; None where its batches are a dataset's.

    Rows are taken where domains are merged: each function of a dataset takes its time to be made
    ready, in every `fit`.
    """
    if isinstance(source, Domain):
        source.images.decode(source.rows)  # a broken file is told before training
        # Images stay uint8 until they are interleaved: a quarter of the memory to move.
        return None if source.transforms else source.fetch_stored
    if isinstance(source, tf.data.Dataset):
        return None
    takers = tf.nest.map_structure(row_taker, source)
    return lambda rows: tf.nest.map_structure(lambda take: take(rows), takers)


def _drawn(
    sources: Mapping[str, Any],
    taken: set[int],
    batch_size: int,
    seed: int,
    start_step: int | tf.Variable,
    shuffle: bool,
) -> dict[tuple[int, ...], tf.data.Dataset]:
    """By the places of some domains each, a dataset of a tuple of their batches.

    Of those in `taken`, it is the rows to take.
    """
    drawn: dict[tuple[int, ...], tf.data.Dataset] = {}
    sizes: dict[int, int] = {}
    for place, (name, source) in enumerate(sources.items()):
        if place in taken:
            sizes[place] = number_of_rows(source)
        else:
            batches = _batches(name, source, batch_size, (seed, place), start_step, shuffle)
            drawn[place,] = tf.data.Dataset.zip((batches,))
    for alike in _alike(sizes):
        counts, seeds = [sizes[place] for place in alike], [(seed, place) for place in alike]
        drawn[alike] = index_batches(counts, batch_size, seeds, start_step, shuffle)
    return drawn


def _alike(sizes: Mapping[int, int]) -> list[tuple[int, ...]]:
    """The domains whose orders are made as often: none is much larger than another."""
    groups: list[list[int]] = []
    for place in sorted(sizes, key=lambda place: sizes[place]):
        if not groups or sizes[place] > _ALIKE * sizes[groups[-1][0]]:
            groups.append([])
        groups[-1].append(place)
    return [tuple(group) for group in groups]


def _batches(
    name: Any,
    source: tf.data.Dataset,
    batch_size: int,
    seed: tuple[int, int],
    start_step: int | tf.Variable,
    shuffle: bool,
) -> tf.data.Dataset:
    """One domain's batches, from `start_step` on, infinite."""
    if isinstance(source, Domain):
        indices = index_batches([len(source)], batch_size, [seed], start_step, shuffle)
        return source.batches(indices, batch_size, drop_remainder=True)
    if shuffle:
        _check_not_sorted(name, source)
    passes = _passes(name, source, seed, shuffle)
    return _from_step(passes.batch(batch_size, drop_remainder=True), start_step)


def _check_not_sorted(name: Any, dataset: tf.data.Dataset) -> None:
    """Raises ValueError for a stream of a `Domain`, whose images lie class by class, if it is long.

    Batches would be of one class after the other.
    """
    made_of = [dataset]
    while made_of:
        one = made_of.pop()
        if isinstance(one, Domain) and len(one) > _SHUFFLE_BUFFER:
            raise ValueError(
                "Of a `Domain`, `map` and `prefetch` alone leave one that is shuffled as a whole; "
                "another method gives a dataset in the order of its classes, shuffled within a "
                f"buffer of {_SHUFFLE_BUFFER}: leave it away, or call `shuffle` before it. "
                f"Received: domain {name!r}, made of the {len(one)} images of {one.name!r}"
            )
        # What is drawn of several, as of each class in turn, has no order of classes left.
        if not any(mixed in type(one).__name__ for mixed in ("Shuffle", "DirectedInterleave")):
            made_of += one._inputs()


def _from_step(batches: tf.data.Dataset, step: int | tf.Variable) -> tf.data.Dataset:
    """The batches from a step on, which of a variable is known when an iteration begins."""
    if not isinstance(step, tf.Variable):
        return batches.skip(step)
    rest = tf.autograph.experimental.do_not_convert(lambda _: batches.skip(tf.cast(step, tf.int64)))
    endless = tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY)
    return tf.data.Dataset.from_tensors(0).flat_map(rest).apply(endless)


def _as_it_is(batch: Any) -> Any:
    return batch


def _passes(
    name: Any, dataset: tf.data.Dataset, seed: tuple[int, int], shuffle: bool
) -> tf.data.Dataset:
    """The elements of a dataset that can only be read from its beginning, without end."""
    elements = dataset
    if shuffle:
        digest = hashlib.sha256(str(seed).encode()).digest()
        elements = dataset.shuffle(_SHUFFLE_BUFFER, seed=int.from_bytes(digest[:4], "big"))
    if is_of_unknown_size(dataset):
        elements = never_empty(elements, name)
    return elements.repeat()


def _check_start_step(start_step: Any) -> None:
    if isinstance(start_step, tf.Variable):
        is_fit = start_step.dtype.is_integer and start_step.shape.rank == 0
    else:
        is_whole = isinstance(start_step, numbers.Integral) and not isinstance(start_step, bool)
        is_fit = is_whole and start_step >= 0
    if not is_fit:
        raise ValueError(
            "`start_step` must be a whole number of at least 0, or a scalar tf.Variable of one. "
            f"Received: start_step={start_step!r}"
        )
