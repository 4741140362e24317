"""The order in which a domain meets the others."""

import tensorflow as tf

from dg_keras.common.order import inverse, ranks
from dg_keras.strategies.randomness import integers


def random_order(domains: int, key: tf.Tensor) -> tf.Tensor:
    """For each domain the others in random order, int32 `[N, N - 1]`.

    Args:
        domains: N, the number of domains.
        key: The seed, int64 `[2]`.
    """
    keys = integers([domains, domains], key)
    # With the largest key, a domain itself comes last in its own row.
    keys = tf.linalg.set_diag(keys, tf.fill([domains], tf.int32.max))
    return inverse(ranks(keys))[:, :-1]
