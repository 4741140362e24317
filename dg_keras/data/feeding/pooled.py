"""Several domains as one finite dataset, to evaluate on."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from dg_keras.data.feeding.as_tensors import as_tensors
from dg_keras.data.feeding.check_batch_size import check_batch_size
from dg_keras.data.feeding.check_domains import check_domains, check_elements
from dg_keras.data.feeding.domain import Domain
from dg_keras.data.feeding.domains import check_finite, is_of_unknown_size, named
from dg_keras.data.feeding.never_empty import never_empty
from dg_keras.data.feeding.without_tuner import without_tuner


def pooled(domains: Sequence[Any] | Mapping[str, Any], batch_size: int) -> tf.data.Dataset:
    """Makes one dataset of all samples of several domains.

    The domains come one after another, each in its own order, and batches go on from one to the
    next. For one domain give a list or dict of it alone.

    Args:
        domains: A tuple, list or dict of finite domains, as `interleave` takes them.
        batch_size: Number of samples per batch; the last may have fewer.

    Returns:
        Finite dataset of `(x, y)` or `(x, y, sample_weight)` in batches.

    Raises:
        ValueError: If `domains` is not as described, a domain is empty, batched or infinite, the
            domains' elements differ in structure, shape or dtype, or an image of a `Domain` whose
            images are kept can't be decoded.
    """
    check_batch_size(batch_size)
    check_domains(domains)
    check_finite(domains)
    elements = {name: _elements(name, domain) for name, domain in named(domains)}
    check_elements(elements)
    pool = functools.reduce(tf.data.Dataset.concatenate, elements.values())
    return without_tuner(pool.batch(batch_size).prefetch(1))


def _elements(name: Any, domain: Any) -> tf.data.Dataset:
    if not isinstance(domain, tf.data.Dataset):
        return tf.data.Dataset.from_tensor_slices(as_tensors(domain))
    if isinstance(domain, Domain):
        domain.images.decode(domain.rows)  # a broken file is told before the work
    return never_empty(domain, name) if is_of_unknown_size(domain) else domain
