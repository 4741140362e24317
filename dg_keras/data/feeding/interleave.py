"""Several domains as one dataset of interleaved batches."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from dg_keras.data.feeding.check_domains import check_domains, check_elements, element_spec
from dg_keras.data.feeding.domain import Domain
from dg_keras.data.feeding.domains import domain_size, named
from dg_keras.data.feeding.index_batches import index_batches
from dg_keras.data.feeding.without_tuner import without_tuner

_SHUFFLE_BUFFER = 1024  # elements of a streamed dataset in memory; of no use to the other kinds
_PREFETCHED = 2  # batches ready in advance: one in use by the device, one in the making


def interleave(
    domains: Sequence[Any] | Mapping[str, Any],
    batch_size: int,
    seed: int = 0,
    *,
    start_step: int | Callable[[], int] = 0,
    shuffle: bool = True,
) -> tf.data.Dataset:
    """Makes one dataset of several domains, in batches to which each contributes equally.

    Sample i of a batch belongs to domain i mod N, N being the number of domains. Each domain is
    drawn in an order that is new every pass, and starts over when it is exhausted, inside a batch
    if need be: every element comes once a pass, and none is dropped.

    For a `Domain` and for arrays the batch of step t is a function of `seed` and t, so that
    `interleave(..., start_step=t)` is `interleave(...).skip(t)` without its cost. Any other
    dataset is streamed: shuffled within a buffer of 1024 elements (shuffle it yourself if it is
    sorted and larger), and skipped by reading. Augmentation is `map` on a domain.

    Args:
        domains: A tuple, list or dict whose every element is a `Domain`, a tuple of arrays
            `(x, y)` or `(x, y, sample_weight)` of equal length, or another unbatched
            `tf.data.Dataset` of such elements. `x` and `y` may be nested. Arrays keep their dtype,
            but for float64, which becomes float32 in `x` and `sample_weight`.
        batch_size: Number of samples a domain and batch.
        seed: What the orders depend on, besides the domain's position.
        start_step: Number of batches to pass over; or a function of no arguments that returns it,
            called whenever an iteration begins (for a stream, now).
        shuffle: Whether domains are drawn in random order; else in their own.

    Returns:
        Infinite dataset of `(x, y)` or `(x, y, sample_weight)` with `batch_size * N` samples in
        the first dimension, which is static.

    Raises:
        ValueError: If `domains` is not as described, a domain is empty or batched, or the domains'
            elements differ in structure, shape or dtype.

    Example:
    >>> import dg_keras
    >>> import numpy as np
    >>> x = np.arange(6.0).reshape(3, 2)
    >>> domains = {"red": (x, np.zeros(3)), "blue": (-x, np.ones(3))}
    >>> x, y = next(iter(dg_keras.data.interleave(domains, batch_size=4)))
    >>> x.shape, y.numpy()
    (TensorShape([8, 2]), array([0., 1., 0., 1., 0., 1., 0., 1.]))
    """
    _check_numbers(batch_size, seed, start_step)
    check_domains(domains)
    sources = {name: _source(name, domain) for name, domain in named(domains)}
    check_elements(sources)
    batches = tuple(
        _batches(source, batch_size, (seed, position), start_step, shuffle)
        for position, source in enumerate(sources.values())
    )
    spec = element_spec(next(iter(sources.values())))
    interleaved = tf.data.Dataset.zip(batches).map(
        lambda *batches: tf.nest.map_structure(_interleave_tensors, spec, *batches),
        tf.data.AUTOTUNE,
        deterministic=True,
    )
    return without_tuner(interleaved.prefetch(_PREFETCHED))


def _source(name: Any, domain: Any) -> Any:
    """The domain with its arrays, if it is made of them, as tensors."""
    if isinstance(domain, tf.data.Dataset):
        return domain
    x, y, *weight = domain
    with tf.device("CPU:0"):  # tf.data runs there; tensors elsewhere would travel each step
        arrays = (
            tf.nest.map_structure(lambda array: _to_tensor(array, single=True), x),
            tf.nest.map_structure(lambda array: _to_tensor(array, single=False), y),
            *tf.nest.map_structure(lambda array: _to_tensor(array, single=True), weight),
        )
    lengths = [array.shape[0] for array in tf.nest.flatten(arrays)]
    if len(set(lengths)) > 1:
        raise ValueError(
            f"All arrays of a domain must have one length. Received: domain {name!r} with arrays "
            f"of lengths {lengths}"
        )
    return arrays


def _to_tensor(array: Any, single: bool) -> tf.Tensor:
    tensor = tf.convert_to_tensor(array)
    return tf.cast(tensor, tf.float32) if single and tensor.dtype == tf.float64 else tensor


def _batches(
    source: Any,
    batch_size: int,
    seed: tuple[int, int],
    start_step: int | Callable[[], int],
    shuffle: bool,
) -> tf.data.Dataset:
    """One domain's batches from `start_step` on, infinite."""
    if isinstance(source, tf.data.Dataset) and not isinstance(source, Domain):
        skipped = start_step() if callable(start_step) else start_step
        return _stream(source, batch_size, seed, skipped, shuffle)
    indices = index_batches(domain_size(source), batch_size, seed, start_step, shuffle)
    if isinstance(source, Domain):
        # Images stay uint8 until they are interleaved: a quarter of the memory to move.
        return source.batches(indices, batch_size, drop_remainder=True, cast=False)
    return indices.map(
        lambda index: tf.nest.map_structure(lambda array: tf.gather(array, index), source),
        tf.data.AUTOTUNE,
        deterministic=True,
    )


def _stream(
    dataset: tf.data.Dataset, batch_size: int, seed: tuple[int, int], start_step: int, shuffle: bool
) -> tf.data.Dataset:
    """Batches of a dataset that can only be read from its beginning."""
    if shuffle:
        digest = hashlib.sha256(str(seed).encode()).digest()
        dataset = dataset.shuffle(_SHUFFLE_BUFFER, seed=int.from_bytes(digest[:4], "big"))
    return dataset.repeat().batch(batch_size, drop_remainder=True).skip(start_step)


def _interleave_tensors(spec: tf.TensorSpec, *parts: tf.Tensor) -> tf.Tensor:
    """One tensor of the domains' tensors, sample i of it from domain i mod N."""
    if len({part.dtype for part in parts}) > 1:
        parts = [tf.cast(part, spec.dtype) for part in parts]
    stacked = tf.stack(parts, axis=1)
    samples, domains, *rest = stacked.shape
    shape = tf.concat([[samples * domains], tf.shape(stacked)[2:]], axis=0)
    flat = tf.ensure_shape(tf.reshape(stacked, shape), [samples * domains, *rest])
    return tf.cast(flat, spec.dtype)


def _check_numbers(batch_size: int, seed: int, start_step: int) -> None:
    for name, number, least in (
        ("batch_size", batch_size, 1),
        ("seed", seed, 0),
        ("start_step", 0 if callable(start_step) else start_step, 0),
    ):
        if not isinstance(number, int | np.integer) or number < least:
            raise ValueError(
                f"`{name}` must be a whole number of at least {least}. Received: {name}={number!r}"
            )
